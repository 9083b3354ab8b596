// SPDX-License-Identifier: GPL-2.0

//! `start_disabled`: a tasklet may be made disabled, so that it does not run before it is enabled.
//!
//! It is scheduled before it was ever enabled, given every chance to run, and then enabled.

use harness::prelude::*;

suite! {
    "start_disabled",
    "A tasklet may be born disabled",
    both [in_a_box, with_guards, in_a_static]
}

fn check_blocked<C: Kind>(t: &Test, tasklet: &BottomHalf<Probe, C>) {
    check!(t, tasklet.schedule());
    drain();
    check!(t, tasklet.is_scheduled());
    check_eq!(t, tasklet.handler().runs(), 0);
}

fn check_runs_once<C: Kind>(t: &Test, tasklet: &BottomHalf<Probe, C>) {
    wait!(t, tasklet.handler().left() == 1);
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
    check_eq!(t, tasklet.disable_depth(), 0);
    check_eq!(t, tasklet.enable(), Err(EINVAL));
}

fn in_a_box<C: Kind>(t: &Test) -> Result {
    let tasklet = C::make_disabled(Probe::new())?;

    check_eq!(t, tasklet.disable_depth(), 1);
    check_blocked(t, &tasklet);
    check_eq!(t, tasklet.enable(), Ok(()));
    check_runs_once(t, &tasklet);
    Ok(())
}

/// Guards nest with the depth that it was made with.
fn with_guards<C: Kind>(t: &Test) -> Result {
    let tasklet = C::make_disabled(Probe::new())?;

    let off = tasklet.disable()?;
    check_eq!(t, tasklet.disable_depth(), 2);
    check_blocked(t, &tasklet);
    check_eq!(t, tasklet.enable(), Ok(()));
    check_eq!(t, tasklet.disable_depth(), 1);
    drain();
    check_eq!(t, tasklet.handler().runs(), 0);
    off.enable();
    check_runs_once(t, &tasklet);
    Ok(())
}

static_of_both!(HasDisabled::disabled: Probe = Probe::new(), disabled);

fn in_a_static<C: HasDisabled>(t: &Test) -> Result {
    let tasklet = C::disabled();

    check_eq!(t, tasklet.disable_depth(), 1);
    check!(t, !tasklet.is_parked());
    check_blocked(t, tasklet);
    check_eq!(t, tasklet.enable(), Ok(()));
    check_runs_once(t, tasklet);
    tasklet.kill()
}
