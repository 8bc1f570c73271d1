//! A task on a steady beat, which tells how often it came late: periodic_task [TIMES] [MILLISECONDS].

use std::{env, time::Duration};

use sockeye::reactor::{LoopingCall, react};

fn main() -> sockeye::Result<()> {
    let mut numbers = env::args().skip(1).map(|text| text.parse::<u64>().unwrap_or(3));
    let (times, interval) = (numbers.next().unwrap_or(3), numbers.next().unwrap_or(1000));
    let mut done = 0;
    let beat = LoopingCall::new(move |_reactor, tick| {
        done += 1;
        println!("call {done}, {} left out", tick.count() - 1);
        if done >= times {
            tick.stop();
        }
        Ok(())
    });
    react(move |reactor| beat.start(reactor, Duration::from_millis(interval)))?;
    println!("done");
    Ok(())
}
