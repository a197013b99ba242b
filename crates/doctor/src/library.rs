//! Opening a shared library that may be absent or unusable, and asking where it was found.

#![expect(unsafe_code, reason = "loads libraries and takes functions out of them")]

use std::error::Error as _;
use std::ffi::c_int;
use std::fs;
use std::mem;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY, RTLD_LOCAL, RTLD_NOW, Symbol};

/// A library that is open.
pub(crate) struct Opened {
    library: Library,
    path: PathBuf,
}

/// Why a library could not be opened.
pub(crate) enum Refusal {
    /// There is none of this name.
    Absent(String),
    /// There is one, and the loader says this of it.
    Broken(String),
}

/// Who sees a library's functions.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    /// Who opened it; what is missing in it is noticed when it is called.
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
        match opened {
            Ok(library) => Ok(Self { library, path: path.to_owned() }),
            Err(error) => Err(Refusal::of(path, &error)),
        }
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
        if self.path.is_absolute() {
            return self.path.clone();
        }
        // SAFETY: the address is only looked at.
        let address = unsafe { self.get::<*const ()>(name) };
        address.ok().and_then(|address| file_at(address.addr())).unwrap_or_else(|| self.path.clone())
    }

    /// Leaves the library open until the process ends: NVIDIA's keep threads and handlers of their own.
    pub(crate) fn keep(self) {
        mem::forget(self.library);
    }
}

impl Refusal {
    fn of(path: &Path, error: &libloading::Error) -> Self {
        // The loader's own words are the error's source.
        let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let absent = said.starts_with(&format!("{}: cannot open shared object file: No such file", path.display()));
        if absent { Self::Absent(said) } else { Self::Broken(said) }
    }
}

/// The file that is mapped at `address`.
fn file_at(address: usize) -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let holds = |line: &str| {
        let (start, rest) = line.split_once('-')?;
        let (end, _) = rest.split_once(' ')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        Some((number(start)?..number(end)?).contains(&address))
    };
    let line = maps.lines().find(|line| holds(line) == Some(true))?;
    Some(PathBuf::from(&line[line.find('/')?..]))
}

/// What a C function that gives a status has said: nothing at 0.
pub(crate) const fn is_fine(status: c_int) -> bool {
    status == 0
}

/// A struct of C functions, filled from a library; what the library lacks is the error.
macro_rules! table {
    ($(#[$doc:meta])* $table:ident { $($name:ident: $symbol:literal = fn($($argument:ty),*) -> $result:ty;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        struct $table {
            $($name: unsafe extern "C" fn($($argument),*) -> $result,)*
        }

        impl $table {
            fn of(library: &$crate::library::Opened) -> Result<Self, String> {
                Ok(Self {
                    $(
                        // SAFETY: NVIDIA's header declares the function like this; the table is used while its library is
                        // open.
                        $name: unsafe { library.get($symbol) }?,
                    )*
                })
            }
        }
    };
}
pub(crate) use table;
