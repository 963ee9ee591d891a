//! A name server with one answer: every name has one IPv4 address, which can change.

use std::{
    net::{Ipv4Addr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use parking_lot::Mutex;

/// Answers on port 53 until the process ends.
pub struct NameServer {
    address: Arc<Mutex<Ipv4Addr>>,
    answers: Arc<AtomicUsize>,
}

/// Length of the header of a message (RFC 1035, 4.1.1).
const HEADER: usize = 12;
/// The type of a question for an IPv4 address.
const TYPE_A: [u8; 2] = [0, 1];

impl NameServer {
    /// Starts it at an address of this namespace.
    pub fn start(at: &str, address: Ipv4Addr) -> Self {
        let socket = UdpSocket::bind((at, 53)).unwrap();
        let server = Self { address: Arc::new(Mutex::new(address)), answers: Arc::default() };
        let (address, answers) = (Arc::clone(&server.address), Arc::clone(&server.answers));
        thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok((length, client)) = socket.recv_from(&mut question) {
                if let Some(answer) = answer(&question[..length], *address.lock()) {
                    // a client that is gone asks again
                    let _ = socket.send_to(&answer, client);
                    answers.fetch_add(1, SeqCst);
                }
            }
        });
        server
    }

    /// Every name has this address from now on.
    pub fn set(&self, address: Ipv4Addr) {
        *self.address.lock() = address;
    }

    /// The number of answers so far.
    pub fn answers(&self) -> usize {
        self.answers.load(SeqCst)
    }
}

/// The answer to a question: the address if one of IPv4 is asked for, else none of that type.
fn answer(question: &[u8], address: Ipv4Addr) -> Option<Vec<u8>> {
    // the name ends with an empty label; type and class follow
    let end = HEADER + question.get(HEADER..)?.iter().position(|byte| *byte == 0)? + 1;
    let asked = question.get(end..end + 4)?;
    let is_ipv4 = asked.starts_with(&TYPE_A);
    let mut answer = question[..2].to_vec();
    // a response with recursion; one question, and one answer or none
    answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_ipv4), 0, 0, 0, 0]);
    answer.extend(&question[HEADER..end + 4]);
    if is_ipv4 {
        // the name is that of the question; type, class, a lifetime of 0 s, four bytes
        answer.extend([0xC0, HEADER as u8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}
