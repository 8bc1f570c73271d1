//! Sends lines to an echo server and prints what comes back: `tcp_echo_client [HOST:PORT [LINE]...]`, by default
//! to 127.0.0.1:4096.
//!
//! Start the example `tcp_echo_server` first.

use std::{env, time::Duration};

use sockeye::client::Connector;

fn main() -> sockeye::Result<()> {
    let mut arguments = env::args().skip(1);
    let server = arguments.next().unwrap_or_else(|| "127.0.0.1:4096".to_owned());
    let mut lines: Vec<String> = arguments.collect();
    if lines.is_empty() {
        lines.push("hello".to_owned());
    }

    // The limit covers look-up and connecting, and then each call as a whole.
    let mut client = Connector::new().timeout(Duration::from_secs(10)).connect(server)?;
    for line in lines {
        client.sendall(format!("{line}\n").as_bytes())?;
        let echo = client.readline()?;
        print!("{}", String::from_utf8_lossy(&echo));
    }
    Ok(())
}
