// SPDX-License-Identifier: GPL-2.0

//! The forms of owners, and how each is made, used and dropped.

use harness::prelude::*;
use kernel::sync::ArcBorrow;
use rust_tasklet::{
    impl_has_tasklet,
    BhWorkBox,
    EmbeddedTasklet,
    TaskletBox,
    TaskletCallback,
    TaskletHandle, //
};

use crate::{
    params::Params,
    payload::Payload,
    rng::Rng,
    slot::{
        Slot,
        SLOTS, //
    },
    windows::{
        saw,
        Window, //
    },
};

/// A struct with a tasklet, whose owners share it.
#[pin_data]
pub(crate) struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
    payload: Payload,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

impl TaskletCallback for Nic {
    type Pointer = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, cx: &TaskletContext) {
        this.payload.run(cx);
    }
}

/// A struct with a tasklet and one owner.
#[pin_data]
pub(crate) struct Uart {
    #[pin]
    rx: EmbeddedTasklet<Self>,
    payload: Payload,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Uart { self.rx }
}

impl TaskletCallback for Uart {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Pin<&Self>, cx: &TaskletContext) {
        this.payload.run(cx);
    }
}

/// A struct with a work, whose owners share it.
#[pin_data]
pub(crate) struct BhNic {
    #[pin]
    rx: EmbeddedTasklet<Self, 0, BhContext>,
    payload: Payload,
}

impl_has_tasklet! {
    impl HasTasklet<Self, 0, BhContext> for BhNic { self.rx }
}

impl TaskletCallback<0, BhContext> for BhNic {
    type Pointer = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, cx: &BhContext) {
        this.payload.run(cx);
    }
}

impl Uart {
    pub(crate) fn new(payload: Payload) -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            pin_init!(Self {
                rx <- Tasklet::embedded(),
                payload,
            }),
            GFP_KERNEL,
        )
    }
}

static_tasklet! {
    static STATIC_0: Tasklet<Payload> = Payload::new(&SLOTS[0], 0);
    static STATIC_1: Tasklet<Payload> = Payload::new(&SLOTS[1], 0);
    static STATIC_2: Tasklet<Payload> = Payload::new(&SLOTS[2], 0);
    static STATIC_3: Tasklet<Payload> = Payload::new(&SLOTS[3], 0);
}

/// The statics; each belongs to the slot of its number.
static STATICS: [&Tasklet<Payload>; 4] = [&STATIC_0, &STATIC_1, &STATIC_2, &STATIC_3];

/// The forms of owners.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    Inline,
    Box,
    Arc,
    KBox,
    Static,
    BhBox,
    BhArc,
}

impl Form {
    /// Chooses the form for a slot.
    pub(crate) fn choose(p: &Params, rng: &mut Rng, slot: &Slot) -> Self {
        const FORMS: [Form; 7] = [
            Form::Inline,
            Form::Box,
            Form::Arc,
            Form::KBox,
            Form::Static,
            Form::BhBox,
            Form::BhArc,
        ];
        let form = rng.weighted(&[
            p.form_inline,
            p.form_box,
            p.form_arc,
            p.form_kbox,
            if slot.index() < STATICS.len() {
                p.form_static
            } else {
                0
            },
            p.form_bh_box,
            p.form_bh_arc,
        ]);
        // The parameters allow statics only, and this slot has none.
        form.map_or(Form::Box, |form| FORMS[form])
    }
}

/// An owner of a tasklet.
pub(crate) enum Owner {
    /// The inline form, in a box of its own.
    Inline(Pin<KBox<Tasklet<Payload>>>),
    /// The heap form.
    Box(TaskletBox<Payload>),
    /// The embedded form, shared.
    Arc(TaskletHandle<Arc<Nic>>),
    /// The embedded form, boxed.
    KBox(TaskletHandle<Pin<KBox<Uart>>>),
    /// The static form.
    Static(&'static Tasklet<Payload>),
    /// The heap form of a work.
    BhBox(BhWorkBox<Payload>),
    /// The embedded form of a work, shared.
    BhArc(TaskletHandle<Arc<BhNic>, 0, BhContext>),
}

/// Evaluates an expression with the tasklet of an owner.
macro_rules! with_tasklet_of {
    ($owner:expr, |$tasklet:ident| $value:expr) => {
        match $owner {
            Owner::Inline(owner) => {
                let $tasklet: &Tasklet<_> = owner;
                $value
            }
            Owner::Box(owner) => {
                let $tasklet: &Tasklet<_> = owner;
                $value
            }
            Owner::Arc(owner) => {
                let $tasklet = owner.tasklet();
                $value
            }
            Owner::KBox(owner) => {
                let $tasklet = owner.tasklet();
                $value
            }
            Owner::Static($tasklet) => $value,
            Owner::BhBox(owner) => {
                let $tasklet: &BhWork<_> = owner;
                $value
            }
            Owner::BhArc(owner) => {
                let $tasklet = owner.tasklet();
                $value
            }
        }
    };
}

impl Owner {
    /// Makes an owner.
    pub(crate) fn new(form: Form, slot: &'static Slot, generation: u32) -> Result<Self> {
        let payload = Payload::new(slot, generation);
        Ok(match form {
            Form::Inline => Self::Inline(KBox::pin_init(Tasklet::new(payload), GFP_KERNEL)?),
            Form::Arc => Self::Arc(TaskletHandle::activate(Arc::pin_init(
                pin_init!(Nic {
                    rx <- Tasklet::embedded(),
                    payload,
                }),
                GFP_KERNEL,
            )?)?),
            Form::KBox => Self::KBox(TaskletHandle::activate(Uart::new(payload)?)?),
            Form::Box => Self::Box(TaskletBox::new(payload, GFP_KERNEL)?),
            Form::Static => {
                // The tasklet of a static exists already.
                core::mem::forget(payload);
                let tasklet = STATICS[slot.index()];
                tasklet.handler().renew(generation);
                tasklet.revive();
                Self::Static(tasklet)
            }
            Form::BhBox => Self::BhBox(BhWorkBox::new(payload, GFP_KERNEL)?),
            Form::BhArc => Self::BhArc(TaskletHandle::activate(Arc::pin_init(
                pin_init!(BhNic {
                    rx <- EmbeddedTasklet::embedded(),
                    payload,
                }),
                GFP_KERNEL,
            )?)?),
        })
    }

    /// Counts an owner that was made.
    pub(crate) fn count(&self) {
        saw(Window::Made);
        saw(match self {
            Self::Inline(_) => Window::MadeInline,
            Self::Box(_) => Window::MadeBox,
            Self::Arc(_) => Window::MadeArc,
            Self::KBox(_) => Window::MadeKBox,
            Self::Static(_) => Window::MadeStatic,
            Self::BhBox(_) => Window::MadeBhBox,
            Self::BhArc(_) => Window::MadeBhArc,
        });
    }

    /// Whether the owner may be dropped in atomic context.
    pub(crate) fn goes_anywhere(&self) -> bool {
        !matches!(self, Self::Inline(_) | Self::Static(_))
    }

    /// Whether a guard may be forgotten: one of a static would disable it for ever.
    pub(crate) fn may_forget_guard(&self) -> bool {
        !matches!(self, Self::Static(_))
    }

    /// See [`Tasklet::schedule`] and [`Tasklet::hi_schedule`].
    pub(crate) fn schedule(&self, hi: bool) -> bool {
        with_tasklet_of!(self, |tasklet| schedule_at(tasklet, hi))
    }

    /// Whether it is a work: those are not due in an order.
    pub(crate) fn is_work(&self) -> bool {
        matches!(self, Self::BhBox(_) | Self::BhArc(_))
    }

    /// See [`Tasklet::is_scheduled`].
    pub(crate) fn is_scheduled(&self) -> bool {
        with_tasklet_of!(self, |tasklet| tasklet.is_scheduled())
    }

    /// See [`Tasklet::is_running`].
    pub(crate) fn is_running(&self) -> bool {
        with_tasklet_of!(self, |tasklet| tasklet.is_running())
    }

    /// See [`Tasklet::disable_depth`].
    pub(crate) fn disable_depth(&self) -> u32 {
        with_tasklet_of!(self, |tasklet| tasklet.disable_depth())
    }

    /// See [`Tasklet::disable`].
    pub(crate) fn disable(&self) -> Result<DisableGuard<'_>> {
        with_tasklet_of!(self, |tasklet| tasklet.disable())
    }

    /// See [`Tasklet::disable_nosync`].
    pub(crate) fn disable_nosync(&self) -> DisableGuard<'_> {
        with_tasklet_of!(self, |tasklet| tasklet.disable_nosync())
    }

    /// See [`Tasklet::enable`].
    pub(crate) fn enable(&self) -> Result {
        with_tasklet_of!(self, |tasklet| tasklet.enable())
    }

    /// See [`Tasklet::synchronize`].
    pub(crate) fn synchronize(&self) -> Result {
        with_tasklet_of!(self, |tasklet| tasklet.synchronize())
    }

    /// See [`Tasklet::kill`].
    pub(crate) fn kill(&self) -> Result {
        with_tasklet_of!(self, |tasklet| tasklet.kill())
    }

    /// See [`Tasklet::revive`] and [`TaskletHandle::revive`].
    pub(crate) fn revive(&self) -> bool {
        match self {
            Self::Inline(tasklet) => tasklet.revive(),
            Self::Box(tasklet) => tasklet.revive(),
            Self::Arc(handle) => handle.revive(),
            Self::KBox(handle) => handle.revive(),
            Self::Static(tasklet) => tasklet.revive(),
            Self::BhBox(work) => work.revive(),
            Self::BhArc(handle) => handle.revive(),
        }
    }
}
