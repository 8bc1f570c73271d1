//! An echo server on a Unix socket and its client in one program: `unix_socket [LINE]...`, by default `hello`.

use std::{env, fs, process};

use sockeye::{
    client::Client,
    server::{Connection, Next, Server},
};

fn main() -> sockeye::Result<()> {
    let mut lines: Vec<String> = env::args().skip(1).collect();
    if lines.is_empty() {
        lines.push("hello".to_owned());
    }
    let path = env::temp_dir().join(format!("unix_socket.{}", process::id()));
    let server = Server::bind(&path)?.spawn(|conn: &mut Connection| {
        let data = conn.recv(4096)?;
        conn.sendall(&data)?;
        Ok(Next::Wait)
    })?;
    println!("listening on {}", server.addr());

    let mut client = Client::connect(&path)?;
    for line in lines {
        client.sendall(format!("{line}\n").as_bytes())?;
        print!("{}", String::from_utf8_lossy(&client.readline()?));
    }

    server.shutdown();
    server.join()?;
    fs::remove_file(&path)?; // as with any Unix socket: nobody else does
    Ok(())
}
