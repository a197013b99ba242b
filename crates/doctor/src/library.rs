//! Opening a shared library that may be absent or unusable, and asking where it was found.

#![expect(unsafe_code, reason = "loads libraries and takes functions out of them")]

use std::error::Error as _;
use std::fs;
use std::mem;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY, RTLD_LOCAL, RTLD_NOW, Symbol};

use crate::missing::Missing;

/// A library that is open.
pub(crate) struct Opened {
    library: Library,
    path: PathBuf,
}

/// Why a library could not be opened, in the loader's words.
pub(crate) enum Refusal {
    /// There is none of this name.
    Absent(String),
    /// There is one.
    Broken(String),
}

/// Who sees a library's functions.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    /// Who opened it.
    ByUs,
    /// Every library that is loaded later.
    ByAll,
}

impl Opened {
    /// Opens the file at `path`, or what the loader finds for a bare name.
    pub(crate) fn open(path: &Path, seen: Seen) -> Result<Self, Refusal> {
        let flags = match seen {
            Seen::ByUs => RTLD_LAZY | RTLD_LOCAL,
            Seen::ByAll => RTLD_NOW | RTLD_GLOBAL,
        };
        // SAFETY: these are NVIDIA's libraries, or stand-ins in a folder that the caller names, whose initialisers ask
        // nothing of the program that loads them.
        let opened = unsafe { Library::open(Some(path), flags) };
        opened.map(|library| Self { library, path: path.to_owned() }).map_err(|error| Refusal::new(path, &error))
    }

    /// The function called `name`.
    ///
    /// # Safety
    /// `F` is the type of a pointer to that C function. It is called only while the library is open.
    pub(crate) unsafe fn get<F: Copy>(&self, name: &'static str) -> Result<F, String> {
        // SAFETY: the caller's promise.
        let found: Result<Symbol<F>, _> = unsafe { self.library.get(name) };
        found.map(|function| *function).map_err(|_lacks| format!("it lacks {name}"))
    }

    /// The file, which for a bare name is found by where its function `name` lies in memory.
    pub(crate) fn file(&self, name: &'static str) -> PathBuf {
        // SAFETY: the address is only looked at.
        let address = unsafe { self.get::<*const ()>(name) };
        let file = address.ok().filter(|_| self.path.is_relative()).and_then(|address| file_at(address.addr()));
        file.unwrap_or_else(|| self.path.clone())
    }

    /// Leaves the library open until the process ends: NVIDIA's keep threads and handlers of their own.
    pub(crate) fn keep(self) {
        mem::forget(self.library);
    }
}

impl Refusal {
    fn new(path: &Path, error: &libloading::Error) -> Self {
        // The loader's own words are the error's source.
        let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let absent = said.starts_with(&format!("{}: cannot open shared object file: No such file", path.display()));
        if absent { Self::Absent(said) } else { Self::Broken(said) }
    }

    /// The error, where `path` is a file that is there.
    pub(crate) fn of_file(self, path: &Path) -> Missing {
        let (Self::Absent(said) | Self::Broken(said)) = self;
        Missing::Broken(path.to_owned(), said)
    }
}

/// The file that is mapped at `address`.
fn file_at(address: usize) -> Option<PathBuf> {
    let holds = |line: &&str| {
        let (range, _) = line.split_once(' ').unwrap_or_default();
        let mut ends = range.split('-').filter_map(|end| usize::from_str_radix(end, 16).ok());
        ends.next().is_some_and(|start| start <= address) && ends.next().is_some_and(|end| address < end)
    };
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(holds)?;
    Some(PathBuf::from(&line[line.find('/')?..]))
}

/// A struct of C functions, filled from a library; what the library lacks is the error.
macro_rules! table {
    ($table:ident { $($name:ident: $symbol:literal = fn($($argument:ty),*) -> $result:ty;)* }) => {
        #[derive(Clone, Copy)]
        struct $table {
            $($name: unsafe extern "C" fn($($argument),*) -> $result,)*
        }

        impl $table {
            fn of(library: &$crate::library::Opened) -> Result<Self, String> {
                Ok(Self {
                    // SAFETY: NVIDIA's header declares the function like this; the table is used while its library is open.
                    $($name: unsafe { library.get($symbol) }?,)*
                })
            }
        }
    };
}
pub(crate) use table;
