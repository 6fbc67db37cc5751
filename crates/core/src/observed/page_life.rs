//! Events of the page and the network (HTML, Page Lifecycle).

use crate::PageEvent;

/// An event of the window, the worker or the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// `online`
    Online,
    /// `offline`
    Offline,
    /// `beforeunload`. Firefox closes the sockets of a page right after it, whether or not the page is left then.
    BeforeUnload,
    /// `pagehide`
    PageHide {
        /// `PageTransitionEvent.persisted`: the page goes into the back/forward cache and may come back.
        persisted: bool,
    },
    /// `pageshow`
    PageShow {
        /// `PageTransitionEvent.persisted`: the page comes out of the back/forward cache.
        persisted: bool,
    },
    /// `visibilitychange`
    VisibilityChange {
        /// `document.hidden`
        hidden: bool,
    },
    /// `freeze`
    Freeze,
    /// `resume`
    Resume,
}

impl Observed {
    /// Returns the events for the core, in order. A page that may come back is frozen before it leaves; a page that is loaded
    /// shows itself too, which is no news.
    pub const fn page_events(self) -> &'static [PageEvent] {
        match self {
            Self::Online => &[PageEvent::Online],
            Self::Offline => &[PageEvent::Offline],
            Self::BeforeUnload => &[PageEvent::MayLeave],
            Self::PageHide { persisted: true } => &[PageEvent::Frozen, PageEvent::Leaving],
            Self::PageHide { persisted: false } => &[PageEvent::Leaving],
            Self::PageShow { persisted: true } | Self::VisibilityChange { hidden: false } => {
                &[PageEvent::Visible]
            }
            Self::PageShow { persisted: false } => &[],
            Self::VisibilityChange { hidden: true } => &[PageEvent::Hidden],
            Self::Freeze => &[PageEvent::Frozen],
            Self::Resume => &[PageEvent::Woke],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_may_come_back_is_frozen_before_it_leaves() {
        let hidden = Observed::PageHide { persisted: true };
        assert_eq!(hidden.page_events(), [PageEvent::Frozen, PageEvent::Leaving]);
        assert_eq!(Observed::PageHide { persisted: false }.page_events(), [PageEvent::Leaving]);
        assert_eq!(Observed::PageShow { persisted: true }.page_events(), [PageEvent::Visible]);
        assert_eq!(Observed::PageShow { persisted: false }.page_events(), []);
    }

    #[test]
    fn every_other_event_is_one_of_the_core() {
        for (observed, event) in [
            (Observed::Online, PageEvent::Online),
            (Observed::Offline, PageEvent::Offline),
            (Observed::BeforeUnload, PageEvent::MayLeave),
            (Observed::VisibilityChange { hidden: true }, PageEvent::Hidden),
            (Observed::VisibilityChange { hidden: false }, PageEvent::Visible),
            (Observed::Freeze, PageEvent::Frozen),
            (Observed::Resume, PageEvent::Woke),
        ] {
            assert_eq!(observed.page_events(), [event], "{observed:?}");
        }
    }
}
