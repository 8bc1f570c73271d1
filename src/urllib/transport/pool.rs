//! [`Pool`]: idle connections, the latest first.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::route::Route;

/// What a pool keeps.
#[derive(Clone, Copy, Debug)]
pub(in crate::urllib) struct PoolLimits {
    /// In all: a descriptor and a buffer each.
    pub(in crate::urllib) total: usize,
    /// To one server: more than browsers use (6).
    pub(in crate::urllib) per_route: usize,
    /// Shorter than servers keep an idle connection as a rule (60 s here, 75 s in nginx), so that seldom one
    /// dies under a request.
    pub(in crate::urllib) age: Duration,
}

impl Default for PoolLimits {
    fn default() -> PoolLimits {
        PoolLimits { total: 64, per_route: 8, age: Duration::from_secs(30) }
    }
}

/// Idle connections. Only clean ones come in: the last answer was read to its end, and no byte beyond it.
pub(super) struct Pool<C> {
    limits: PoolLimits,
    /// INVARIANT: in the order in which they came, and no more than the limits allow.
    idle: Mutex<Vec<Idle<C>>>,
}

/// A connection that was idle, and for how long.
pub(super) struct Kept<C> {
    pub(super) route: Route<'static>,
    pub(super) connection: C,
    pub(super) idle: Duration,
}

struct Idle<C> {
    route: Route<'static>,
    connection: C,
    since: Instant,
}

impl<C> Pool<C> {
    pub(super) fn new(limits: PoolLimits) -> Pool<C> {
        Pool { limits, idle: Mutex::new(Vec::new()) }
    }

    /// The connection that was used last on that route: its path is warm, and the older ones may go.
    pub(super) fn take(&self, route: &Route<'_>, now: Instant) -> Option<Kept<C>> {
        let mut idle = self.lock();
        let stale = self.split_stale(&mut idle, now);
        let found = idle.iter().rposition(|entry| entry.route == *route);
        let found = found.map(|at| idle.remove(at));
        drop(idle);
        // Connections are closed outside the lock.
        drop(stale);
        found.map(|Idle { route, connection, since }| Kept {
            route,
            connection,
            idle: now.saturating_duration_since(since),
        })
    }

    /// Keeps a connection, and lets go what is too much by that. What has been idle for too long went when this
    /// one was wanted.
    pub(super) fn put(&self, route: Route<'static>, connection: C, now: Instant) {
        if self.limits.total == 0 || self.limits.per_route == 0 {
            return;
        }
        let mut idle = self.lock();
        let mut same = idle.iter().enumerate().filter(|(_, entry)| entry.route == route).map(|(at, _)| at);
        let oldest_of_route = same.next();
        let full = same.count() + usize::from(oldest_of_route.is_some()) >= self.limits.per_route;
        let surplus = match oldest_of_route {
            Some(at) if full => Some(idle.remove(at)),
            _ if idle.len() >= self.limits.total => Some(idle.remove(0)),
            _ => None,
        };
        idle.push(Idle { route, connection, since: now });
        drop(idle);
        drop(surplus);
    }

    /// Lets all go.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *self.lock());
        drop(all);
    }

    /// Takes out what has been idle for too long: these stand in front. Nearly always there are none, and then
    /// nothing is allocated.
    fn split_stale(&self, idle: &mut Vec<Idle<C>>, now: Instant) -> Vec<Idle<C>> {
        let is_fresh = |entry: &Idle<C>| now.saturating_duration_since(entry.since) < self.limits.age;
        match idle.iter().position(is_fresh) {
            Some(0) => Vec::new(),
            fresh => idle.drain(..fresh.unwrap_or(idle.len())).collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle<C>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("idle", &self.lock().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::urllib::transport::route::Outfit;

    fn route(text: &str) -> Route<'static> {
        Route::to(&Url::parse(text).unwrap(), &Outfit::default()).unwrap().into_owned()
    }

    fn pool(total: usize, per_route: usize) -> Pool<u32> {
        Pool::new(PoolLimits { total, per_route, age: Duration::from_secs(10) })
    }

    fn drained(pool: &Pool<u32>, route: &Route<'static>, now: Instant) -> Vec<u32> {
        std::iter::from_fn(|| pool.take(route, now)).map(|kept| kept.connection).collect()
    }

    #[test]
    fn the_last_one_first_and_of_its_route_only() {
        let (pool, now) = (pool(8, 8), Instant::now());
        let (a, b) = (route("http://a/"), route("http://b/"));
        pool.put(a.clone(), 1, now);
        pool.put(b.clone(), 2, now);
        pool.put(a.clone(), 3, now);
        assert_eq!(drained(&pool, &a, now), [3, 1]);
        assert_eq!(drained(&pool, &b, now), [2]);
    }

    #[test]
    fn the_oldest_goes_when_it_is_full() {
        let (pool, now) = (pool(3, 2), Instant::now());
        let (a, b) = (route("http://a/"), route("http://b/"));
        for n in 1..=3 {
            pool.put(a.clone(), n, now);
        }
        pool.put(b.clone(), 4, now);
        pool.put(b.clone(), 5, now);
        assert_eq!(drained(&pool, &a, now), [3]);
        assert_eq!(drained(&pool, &b, now), [5, 4]);
    }

    #[test]
    fn nothing_is_kept_when_nothing_may_be() {
        let now = Instant::now();
        for pool in [pool(0, 1), pool(1, 0)] {
            pool.put(route("http://a/"), 1, now);
            assert!(pool.take(&route("http://a/"), now).is_none());
        }
    }

    #[test]
    fn what_was_idle_too_long_is_not_used() {
        let (pool, now) = (pool(8, 8), Instant::now());
        let a = route("http://a/");
        pool.put(a.clone(), 1, now);
        pool.put(a.clone(), 2, now + Duration::from_secs(5));
        assert_eq!(drained(&pool, &a, now + Duration::from_secs(11)), [2]);
    }
}
