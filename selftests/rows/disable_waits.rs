// SPDX-License-Identifier: GPL-2.0

//! `disable_waits`: `disable()` returns only when no handler is running; `disable_nosync()` does not
//! wait; `synchronize()` waits and leaves the tasklet enabled.
//!
//! The handler is held inside a run on CPU 1 while a thread on CPU 2 disables the tasklet.

use harness::prelude::*;

suite! {
    "disable_waits",
    "disable() waits for a running handler, disable_nosync() does not",
    both [disable, disable_nosync, synchronize, idle, pending]
}

/// Expects that `call`, made while the handler runs, returns after the handler has.
fn waits<C: Kind>(t: &Test, call: impl Fn(&BottomHalf<Probe, C>) -> Result + Sync) -> Result {
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();
    let (calling, returned) = (Flag::new(), Flag::new());
    let left = Counter::new();

    while_running(t, &tasklet, 1, |s| {
        s.spawn(2, || {
            calling.set();
            check_eq!(t, call(&tasklet), Ok(()));
            left.set(probe.left());
            returned.set();
        })?;
        wait!(t, calling.is_set());
        temptation();
        check!(t, !returned.is_set());
        check!(t, tasklet.is_running());
        probe.release();
        wait!(t, returned.is_set());
        Ok::<(), Error>(())
    })??;
    check_eq!(t, left.get(), 1);
    probe.check_sane(t);
    // The tasklet works as before.
    check_eq!(t, tasklet.disable_depth(), 0);
    check!(t, tasklet.schedule());
    wait!(t, probe.left() == 2);
    Ok(())
}

fn disable<C: Kind>(t: &Test) -> Result {
    waits::<C>(t, |tasklet| {
        let off = tasklet.disable()?;
        check_eq!(t, tasklet.disable_depth(), 1);
        check!(t, !tasklet.is_running());
        off.enable();
        Ok(())
    })
}

fn synchronize<C: Kind>(t: &Test) -> Result {
    waits::<C>(t, |tasklet| {
        tasklet.synchronize()?;
        check_eq!(t, tasklet.disable_depth(), 0);
        Ok(())
    })
}

fn disable_nosync<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();

    let off = while_running(t, &tasklet, 1, |_| {
        // A call that waits would hang here, because only this thread releases the handler.
        let off = tasklet.disable_nosync();
        check!(t, tasklet.is_running() && probe.inside());
        check_eq!(t, tasklet.disable_depth(), 1);
        // The next run is blocked although this one was not.
        check!(t, tasklet.schedule());
        off
    })?;
    drain();
    check_eq!(t, (probe.runs(), probe.left()), (1, 1));
    check!(t, tasklet.is_scheduled());
    drop(off);
    wait!(t, probe.left() == 2);
    Ok(())
}

/// Nothing runs: nothing to wait for.
fn idle<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    check_eq!(t, tasklet.synchronize(), Ok(()));
    tasklet.disable()?.enable();
    check_eq!(t, tasklet.handler().runs(), 0);
    Ok(())
}

/// There is no wait for a pending run: it could not start while the tasklet is disabled.
fn pending<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    let off = tasklet.disable()?;
    check!(t, tasklet.schedule());
    let again = tasklet.disable()?;
    check_eq!(t, tasklet.synchronize(), Ok(()));
    check!(t, tasklet.is_scheduled());
    check_eq!(t, tasklet.handler().runs(), 0);
    drop((off, again));
    wait!(t, tasklet.handler().left() == 1);
    Ok(())
}
