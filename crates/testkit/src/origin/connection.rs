//! Serves one connection to the fake origin.

use std::{future::pending, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Result},
    net::TcpStream,
    time::sleep,
};

use super::{Fault, ReceivedRequest, Reply, State};

/// Chunk of an endless response.
const PIECE: &[u8; 4096] = &[b'x'; 4096];

/// An interim response.
const EARLY_HINTS: &str = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";

/// What happens to a connection after a response.
enum Then {
    AwaitNext,
    Close,
}

/// Responds to requests until the client or a fault ends the connection.
pub(super) async fn serve(mut stream: TcpStream, connection: usize, state: Arc<State>) {
    while let Some(head) = read_head(&mut stream).await {
        let request = ReceivedRequest { connection, head };
        let path = request.path().to_owned();
        state.requests.send_modify(|all| all.push(request));
        let mut held = state.held.subscribe();
        let answered = tokio::select! {
            // the reply may change while it is held back
            released = held.wait_for(|held| !held) => match released {
                Ok(_) => Some(state.reply(&path)),
                Err(_) => return,
            },
            () = left(&stream) => None,
        };
        let answered = match answered {
            Some(reply) => answer(&mut stream, &reply).await,
            None => Ok(None),
        };
        match answered {
            Ok(Some(Then::AwaitNext)) => {}
            Ok(Some(Then::Close)) => return,
            Ok(None) | Err(_) => {
                state.abandoned.send_modify(|clients| *clients += 1);
                return;
            }
        }
    }
}

/// Sends a reply. Returns `None` if the client left before its end.
async fn answer(stream: &mut TcpStream, reply: &Reply) -> Result<Option<Then>> {
    let Reply { body, fault, .. } = reply;
    match *fault {
        Fault::Silence => {
            left(stream).await;
            return Ok(None);
        }
        Fault::HangUp => return Ok(Some(Then::Close)),
        Fault::Reset => return reset(stream),
        Fault::Slow(late) => sleep(late).await,
        Fault::EarlyHints(times) => stream.write_all(EARLY_HINTS.repeat(times).as_bytes()).await?,
        Fault::EndlessHead => {
            stream.write_all(b"HTTP/1.1 200 Told\r\n").await?;
            return forever(stream, [b"x: ".as_slice(), PIECE, b"\r\n"].concat()).await;
        }
        _ => {}
    }
    stream.write_all(reply.head().as_bytes()).await?;
    send_body(stream, body, *fault).await
}

async fn send_body(stream: &mut TcpStream, body: &[u8], fault: Fault) -> Result<Option<Then>> {
    match fault {
        Fault::Stall(after) => {
            stream.write_all(&body[..after.min(body.len())]).await?;
            left(stream).await;
            Ok(None)
        }
        Fault::Truncate(after) => {
            stream.write_all(&body[..after.min(body.len())]).await?;
            Ok(Some(Then::Close))
        }
        Fault::ResetAfter(after) => {
            stream.write_all(&body[..after.min(body.len())]).await?;
            reset(stream)
        }
        Fault::ClaimMore(_) => {
            stream.write_all(body).await?;
            Ok(Some(Then::Close))
        }
        Fault::UnfinishedChunks => {
            stream.write_all(&chunk(body)).await?;
            Ok(Some(Then::Close))
        }
        Fault::EndlessBody => forever(stream, chunk(PIECE)).await,
        Fault::Drip(pause) => drip(stream, body, pause).await,
        _ => {
            stream.write_all(body).await?;
            Ok(Some(Then::AwaitNext))
        }
    }
}

/// Resets the connection instead of closing it, once the stream is dropped.
fn reset(stream: &TcpStream) -> Result<Option<Then>> {
    stream.set_zero_linger()?;
    Ok(Some(Then::Close))
}

async fn forever(stream: &mut TcpStream, piece: Vec<u8>) -> Result<Option<Then>> {
    loop {
        stream.write_all(&piece).await?;
    }
}

async fn drip(stream: &mut TcpStream, body: &[u8], pause: Duration) -> Result<Option<Then>> {
    for byte in body {
        stream.write_all(&[*byte]).await?;
        sleep(pause).await;
    }
    Ok(Some(Then::AwaitNext))
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// Waits until the client closes the connection.
async fn left(stream: &TcpStream) {
    match stream.peek(&mut [0]).await {
        Ok(0) | Err(_) => {}
        // the client sent more data, so it is still connected
        Ok(_) => pending().await,
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}
