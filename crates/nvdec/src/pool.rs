//! Sessions kept from file to file: making a decoder takes 40 to 60 ms, several at once six times that.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::context::Context;
use crate::error::NvdecError;
use crate::format::{Codec, StreamFormat};
use crate::options::Options;
use crate::session::Session;

/// Idle sessions of one device.
#[derive(Debug)]
pub struct Pool {
    context: Arc<Context>,
    options: Options,
    idle: Mutex<Vec<Session>>,
}

impl Pool {
    /// An empty pool, whose sessions decode with `options`.
    #[must_use]
    pub const fn new(context: Arc<Context>, options: Options) -> Self {
        Self { context, options, idle: Mutex::new(Vec::new()) }
    }

    /// The device.
    #[must_use]
    pub const fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Makes decoders for `format` ahead, until `count` sessions are idle.
    ///
    /// # Errors
    /// The device decodes no such stream, or a call failed.
    pub fn prepare(&self, count: usize, format: &StreamFormat) -> Result<(), NvdecError> {
        while self.lock().len() < count {
            let mut session = Session::new(&self.context, self.options.clone())?;
            session.prepare(format)?;
            self.lock().push(session);
        }
        Ok(())
    }

    /// How many sessions are idle.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.lock().len()
    }

    /// A session for a stream of `codec`: one with a decoder for it if there is any, else another idle one, else a new one.
    ///
    /// # Errors
    /// The failed call.
    pub fn take(&self, codec: Codec) -> Result<Lease<'_>, NvdecError> {
        let idle = {
            let mut idle = self.lock();
            let suited = idle.iter().position(|session| session.decoder_codec() == Some(codec));
            suited.map(|position| idle.swap_remove(position)).or_else(|| idle.pop())
        };
        let session = idle.map_or_else(|| Session::new(&self.context, self.options.clone()), Ok)?;
        Ok(Lease { pool: self, session: Some(session) })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Session>> {
        // A thread that panicked while it held the lock left the list whole: nothing in here panics halfway.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session taken from a pool, to which it goes back when this is dropped.
#[derive(Debug)]
pub struct Lease<'p> {
    pool: &'p Pool,
    /// There until drop.
    session: Option<Session>,
}

impl Deref for Lease<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("a lease has its session until it is dropped")
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("a lease has its session until it is dropped")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.pool.lock().extend(self.session.take());
    }
}
