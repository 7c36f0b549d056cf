//! Named points at which a test ends the process, as a power cut would. Without the feature they are nothing.

/// Where to end, and at which time of passing there.
#[derive(Clone, Debug, Default)]
pub struct Points {
    #[cfg(feature = "crash-points")]
    end: Option<std::sync::Arc<End>>,
}

#[cfg(feature = "crash-points")]
#[derive(Debug)]
struct End {
    name: String,
    left: std::sync::atomic::AtomicI64,
}

impl Points {
    /// Ends at the point of this name when it is passed the so many-th time: `answer.granted:3`.
    #[cfg(feature = "crash-points")]
    pub fn ending_at(text: &str) -> Option<Self> {
        let (name, time) = text.rsplit_once(':')?;
        let left = std::sync::atomic::AtomicI64::new(time.parse().ok()?);
        Some(Self { end: Some(std::sync::Arc::new(End { name: name.to_owned(), left })) })
    }

    /// Passes a point.
    #[inline]
    pub(crate) fn pass(&self, _name: &'static str) {
        #[cfg(feature = "crash-points")]
        if let Some(end) = &self.end
            && end.name == _name
            && end.left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1
        {
            std::process::abort();
        }
    }
}
