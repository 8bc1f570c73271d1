//! A hint to the processor.

/// Tells the processor that a thing will be read soon, so that several are on their way at once. Nothing happens where
/// there is no such hint.
#[inline]
pub(crate) fn prefetch<T: ?Sized>(thing: &T) {
    let at = std::ptr::from_ref(thing).cast::<i8>();
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it reads nothing that the program could see, and any address is allowed.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at);
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::hint::black_box(at);
}
