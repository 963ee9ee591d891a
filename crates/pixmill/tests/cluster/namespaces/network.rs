//! A network of its own: a namespace per host, joined by a bridge in one more namespace, in which the test itself runs. Nothing of it
//! is in the network of this machine.

use std::{
    cell::RefCell,
    fs::{self, File},
    os::fd::AsFd,
    path::Path,
    process::{Command, Stdio, id},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Where `ip netns` keeps the namespaces.
const NAMESPACES: &str = "/run/netns";
/// Where `ip netns exec` finds files that replace those of `/etc`.
const FILES: &str = "/etc/netns";
/// Prefix of the names of namespaces; the id of the process follows.
const PREFIX: &str = "pixmill-test";
/// The bridge: the test, its name server and its proxies.
pub const HUB: u8 = 1;

/// Runs a program; whether it succeeded.
fn succeeds(program: &str, arguments: &str) -> bool {
    let mut command = Command::new(program);
    command.args(arguments.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn ip(arguments: &str) -> bool {
    succeeds("ip", arguments)
}

/// The hosts. Removed when dropped, thus also when a test fails.
pub struct Network {
    name: String,
    hosts: RefCell<Vec<u8>>,
}

impl Network {
    /// Makes a network of these hosts, and moves the calling thread and the threads that it will start into it. None, with a line
    /// that says so, if this process may not or a tool is missing.
    pub fn build(hosts: &[u8]) -> Option<Self> {
        if !succeeds("nft", "--version") {
            eprintln!("skipped: nft (Debian package nftables) is not installed");
            return None;
        }
        remove_abandoned();
        let network = Self { name: format!("{PREFIX}-{}", id()), hosts: RefCell::default() };
        if !network.add_hub() || !hosts.iter().all(|host| network.add(*host)) {
            eprintln!(
                "skipped: no network namespaces here (they need root and ip of the Debian package iproute2)"
            );
            return None;
        }
        network.enter(HUB);
        Some(network)
    }

    fn add_hub(&self) -> bool {
        let hub = self.space(HUB);
        self.hosts.borrow_mut().push(HUB);
        ip(&format!("netns add {hub}"))
            && ip(&format!("-n {hub} link add name hub type bridge"))
            && ip(&format!("-n {hub} addr add {}/24 dev hub", address(HUB)))
            && ip(&format!("-n {hub} link set lo up"))
            && ip(&format!("-n {hub} link set hub up"))
    }

    fn add(&self, host: u8) -> bool {
        let (hub, space) = (self.space(HUB), self.space(host));
        self.hosts.borrow_mut().push(host);
        ip(&format!("netns add {space}"))
            && ip(&format!("-n {hub} link add port{host} type veth peer name eth0 netns {space}"))
            && ip(&format!("-n {hub} link set port{host} master hub up"))
            && ip(&format!("-n {space} addr add {}/24 dev eth0", address(host)))
            && ip(&format!("-n {space} link set lo up"))
            && ip(&format!("-n {space} link set eth0 up"))
    }

    /// The name of the namespace of a host.
    pub fn space(&self, host: u8) -> String {
        format!("{}-{host}", self.name)
    }

    /// Moves the calling thread into the namespace of a host, for the threads, processes and sockets that it makes there.
    fn enter(&self, host: u8) {
        let file = File::open(Path::new(NAMESPACES).join(self.space(host))).unwrap();
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
    }

    /// Runs a closure on this thread in the namespace of a host.
    pub fn at<T>(&self, host: u8, run: impl FnOnce() -> T) -> T {
        self.enter(host);
        let result = run();
        self.enter(HUB);
        result
    }

    /// Takes the cable of a host out (`down`), or puts it back (`up`).
    pub fn plug(&self, host: u8, state: &str) {
        assert!(ip(&format!("-n {} link set port{host} {state}", self.space(HUB))));
    }

    /// Loses this percentage of the packets from one host to another on the way. The sender is not told.
    pub fn lose(&self, percent: u8, from: u8, to: u8) {
        // nft refuses a comparison that is always true
        let part = if percent < 100 { format!("numgen random mod 100 < {percent} ") } else { String::new() };
        let rule = format!(
            "add table inet fault\nadd chain inet fault arriving {{ type filter hook input priority 0; }}\n\
             add rule inet fault arriving ip saddr {} {part}counter drop\n",
            address(from)
        );
        let script = tempfile::NamedTempFile::new().unwrap();
        fs::write(&script, rule).unwrap();
        let path = script.path().display();
        assert!(ip(&format!("netns exec {} nft -f {path}", self.space(to))));
    }

    /// Loses no packets to a host any more. Returns how many were lost.
    pub fn mend(&self, to: u8) -> u64 {
        let lost = self.lost(to);
        assert!(ip(&format!("netns exec {} nft delete table inet fault", self.space(to))));
        lost
    }

    /// The number of packets to a host that were lost so far.
    pub fn lost(&self, to: u8) -> u64 {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.space(to), "nft", "list", "table", "inet", "fault"]);
        let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let counts = told.split("counter packets ").skip(1).map(|rest| rest.split(' ').next().unwrap());
        counts.map(|count| count.parse::<u64>().unwrap()).sum()
    }

    /// Makes the test the name server of a host, for processes that start from now on.
    pub fn resolve_by_hub(&self, host: u8) {
        let folder = Path::new(FILES).join(self.space(host));
        fs::create_dir_all(&folder).unwrap();
        // one attempt of a second, so that a lost question costs little
        let text = format!("nameserver {}\noptions timeout:1 attempts:2\n", address(HUB));
        fs::write(folder.join("resolv.conf"), text).unwrap();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for host in self.hosts.borrow().iter().rev() {
            remove(&self.space(*host));
        }
    }
}

/// The address of a host. RFC 2544 reserves 198.18.0.0/15 for tests of networks.
pub fn address(host: u8) -> String {
    format!("198.18.0.{host}")
}

fn remove(space: &str) {
    ip(&format!("netns del {space}"));
    // most hosts have none
    let _ = fs::remove_dir_all(Path::new(FILES).join(space));
}

/// Removes the namespaces of tests that were killed.
fn remove_abandoned() {
    let Ok(spaces) = fs::read_dir(NAMESPACES) else { return };
    for space in spaces.map_while(Result::ok) {
        let name = space.file_name().into_string().unwrap_or_default();
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').nth(1));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            remove(&name);
        }
    }
}
