//! Makes a socket of each family and kind, and closes it: `create_close`.
//!
//! Raw sockets take their protocol by name; without the privilege they say what is missing.

use sockeye::{
    Result,
    socket::{
        AF_INET, AF_INET6, AF_UNIX, Family, IPPROTO_TCP, IPPROTO_UDP, Kind, Protocol, SOCK_DGRAM, SOCK_RAW,
        SOCK_SEQPACKET, SOCK_STREAM, Socket, getprotobyname,
    },
};

fn main() -> Result<()> {
    create(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    create(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    create(AF_INET, SOCK_RAW, getprotobyname("icmp")?);
    create(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    let none = Protocol::default(); // the family's own, as in Python when the third argument is left out
    create(AF_UNIX, SOCK_STREAM, none);
    create(AF_UNIX, SOCK_DGRAM, none);
    create(AF_UNIX, SOCK_SEQPACKET, none);
    Ok(())
}

fn create<L>(family: Family, kind: Kind, protocol: Protocol<L>) {
    match Socket::new(family, kind, protocol) {
        Ok(mut socket) => {
            println!("{socket:?}");
            socket.close();
            let after = socket.getsockname().expect_err("it is closed");
            println!("    then: {after}");
        }
        // A container may have no IPv6, and a plain user no raw sockets.
        Err(error) => println!("{family:?} {kind:?}: {error}"),
    }
}
