//! The meeting place of the decoding threads and the reader of frames: jobs go out, frames come back in order.
//!
//! Every chunk in work has its own queue; the reader empties them one after another. The frames waiting in all of them
//! together are bounded in bytes, so memory stays flat however long the chunks and the file are. A thread whose chunk is
//! not being read waits when the bound is reached; the chunk being read may always go on, so nobody waits for ever.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Frames that the chunk being read may have waiting whatever the others hold.
const HEAD_ITEMS: usize = 4;

/// Jobs of type `J`, results of type `T`.
pub(crate) struct OrderedQueue<J, T> {
    state: Mutex<State<J, T>>,
    changed: Condvar,
    budget: usize,
}

struct State<J, T> {
    jobs: VecDeque<(u64, J)>,
    /// The number of the job whose results are read now: the first of `results`.
    head: u64,
    results: VecDeque<Results<T>>,
    /// Bytes of all results that wait.
    waiting: usize,
    closed: bool,
}

/// What one job has given so far.
struct Results<T> {
    items: VecDeque<(T, usize)>,
    finished: bool,
}

impl<J, T> OrderedQueue<J, T> {
    /// A queue whose waiting results take at most `budget` bytes, and a few items of the first job more.
    pub(crate) fn new(budget: usize) -> Self {
        let (jobs, results) = (VecDeque::new(), VecDeque::new());
        let state = State { jobs, head: 0, results, waiting: 0, closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), budget }
    }

    /// Adds a job; its results are read after those of the jobs before it.
    pub(crate) fn submit(&self, job: J) {
        let mut state = self.lock();
        let number = state.head + state.results.len() as u64;
        state.results.push_back(Results { items: VecDeque::new(), finished: false });
        state.jobs.push_back((number, job));
        self.changed.notify_all();
    }

    /// Waits for a job; `None` once the queue is closed.
    pub(crate) fn take_job(&self) -> Option<(u64, J)> {
        let mut state = self.wait_while(|state| !state.closed && state.jobs.is_empty());
        if state.closed { None } else { state.jobs.pop_front() }
    }

    /// Adds a result of `bytes` to job `number`, waiting for room; false once the queue is closed.
    pub(crate) fn push(&self, number: u64, item: T, bytes: usize) -> bool {
        let full = |state: &mut State<J, T>| {
            let head_may_go_on =
                state.head == number && state.results.front().is_none_or(|r| r.items.len() < HEAD_ITEMS);
            !state.closed && !head_may_go_on && state.waiting.saturating_add(bytes) > self.budget
        };
        let mut state = self.wait_while(full);
        if state.closed {
            return false;
        }
        state.waiting += bytes;
        if let Some(results) = state.of(number) {
            results.items.push_back((item, bytes));
        }
        self.changed.notify_all();
        true
    }

    /// Says that job `number` gives no more results.
    pub(crate) fn finish(&self, number: u64) {
        let mut state = self.lock();
        if let Some(results) = state.of(number) {
            results.finished = true;
        }
        self.changed.notify_all();
    }

    /// Waits for the next result of the first job; `None` when that has given them all, and the next job becomes the
    /// first. `None` at once where there is no job.
    pub(crate) fn next(&self) -> Option<T> {
        let empty = |state: &mut State<J, T>| {
            state.results.front().is_some_and(|results| results.items.is_empty() && !results.finished)
        };
        let mut state = self.wait_while(empty);
        let item = state.results.front_mut().and_then(|results| results.items.pop_front());
        match item {
            Some((_, bytes)) => state.waiting -= bytes,
            None if state.results.pop_front().is_some() => state.head += 1,
            None => {}
        }
        self.changed.notify_all();
        item.map(|(item, _)| item)
    }

    /// Jobs submitted whose results are not all read.
    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> usize {
        self.lock().results.len()
    }

    /// Ends all waiting.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Whether the queue is closed, so that a long job can stop.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    // A thread that panicked holding the lock left the state whole: no code under the lock runs anything of a caller.
    fn lock(&self) -> MutexGuard<'_, State<J, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, condition: impl FnMut(&mut State<J, T>) -> bool) -> MutexGuard<'_, State<J, T>> {
        self.changed.wait_while(self.lock(), condition).unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J, T> State<J, T> {
    fn of(&mut self, number: u64) -> Option<&mut Results<T>> {
        let index = usize::try_from(number.checked_sub(self.head)?).ok()?;
        self.results.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn results_come_in_the_order_of_the_jobs_within_the_budget() {
        for threads in 1..4 {
            let queue = OrderedQueue::<u64, u64>::new(10);
            let mut read = Vec::new();
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        while let Some((number, job)) = queue.take_job() {
                            assert!((0..20).all(|item| queue.push(number, job * 100 + item, 3)));
                            queue.finish(number);
                        }
                    });
                }
                let mut left = 0..9;
                loop {
                    while queue.in_flight() < 3 && left.start < left.end {
                        queue.submit(left.next().unwrap());
                    }
                    match queue.next() {
                        Some(item) => read.push(item),
                        None if queue.in_flight() == 0 && left.is_empty() => break,
                        None => {}
                    }
                    // At most the budget, or what the first job may have beyond it.
                    assert!(queue.lock().waiting <= 10 + HEAD_ITEMS * 3);
                }
                queue.close();
            });
            let expected: Vec<_> = (0..9).flat_map(|job| (0..20).map(move |item| job * 100 + item)).collect();
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn a_closed_queue_lets_everyone_go() {
        let queue = OrderedQueue::<(), u8>::new(0);
        queue.submit(());
        queue.submit(());
        thread::scope(|scope| {
            let blocked = scope.spawn(|| queue.push(1, 7, 1));
            let idle = scope.spawn(|| while queue.take_job().is_some() {});
            queue.close();
            assert!(!blocked.join().unwrap());
            idle.join().unwrap();
        });
        assert!(queue.is_closed());
    }
}
