//! Looks up what there is to know of a host and a service: `names [HOST [SERVICE]]`, by default localhost and http.

use std::env;

use sockeye::{
    Result,
    socket::{getfqdn, gethostbyname, gethostbyname_ex, gethostname, getservbyname, getservbyport},
};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let host = arguments.next().unwrap_or_else(|| "localhost".to_owned());
    let service = arguments.next().unwrap_or_else(|| "http".to_owned());

    println!("this machine: {} ({})", gethostname()?, getfqdn("")?);
    let port = getservbyname(&service, "tcp")?;
    println!("{service}: port {port}, which is {}", getservbyport(port, "tcp")?);

    println!("{host}: {}", gethostbyname(&host)?);
    let (name, aliases, addresses) = gethostbyname_ex(&host)?;
    println!("its name: {name}, aliases: {aliases:?}, addresses: {addresses:?}");
    Ok(())
}
