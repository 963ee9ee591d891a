//! The private-network guard holds where the connection is made.

use origin::{Error, ErrorKind, guard::AddressClass};

use crate::{
    Watched, body, config, fetch, open,
    server::{Server, ok, redirect},
};

async fn refused(location: String) -> Error {
    let server =
        Server::start(move |request| if request.path() == "/a" { redirect(&location) } else { ok("", "x") })
            .await;
    let error = fetch(&open(&config(server.url())), "/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefusedAddress, "{error}");
    assert_eq!(server.requests().len(), 1);
    error
}

#[actix_rt::test]
async fn redirects_to_private_addresses_are_not_connected_to() {
    for address in ["127.0.0.1:0", "127.0.0.2:0"] {
        let watched = Watched::bind(address);
        refused(format!("http://{}/secret", watched.authority())).await;
        watched.assert_unseen();
    }
    refused("http://[::1]:9/secret".to_owned()).await;
}

#[actix_rt::test]
async fn other_spellings_of_a_private_address_do_not_help() {
    let watched = Watched::bind("127.0.0.1:0");
    let port = watched.0.local_addr().unwrap().port();
    for host in ["localhost", "127.1", "0x7f.1", "2130706433", "017700000001", "0", "[::ffff:127.0.0.1]"] {
        refused(format!("http://{host}:{port}/secret")).await;
        refused(format!("https://{host}:{port}/secret")).await;
    }
    watched.assert_unseen();
}

#[actix_rt::test]
async fn the_configured_port_of_another_loopback_address_is_not_exempt() {
    let server = Server::start(|request| {
        let port = request.header("host").unwrap().rsplit_once(':').unwrap().1;
        redirect(&format!("http://127.0.0.2:{port}/secret"))
    })
    .await;
    let watched = Watched::bind(&format!("127.0.0.2:{}", server.port()));
    let error = fetch(&open(&config(server.url())), "/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RefusedAddress);
    watched.assert_unseen();
}

#[actix_rt::test]
async fn metadata_services_are_refused_by_name() {
    let error = refused("http://169.254.169.254/latest/meta-data/?token=hunter2".to_owned()).await;
    assert!(matches!(error, Error::RefusedAddress { why: AddressClass::Metadata, .. }), "{error}");
    // a redirect may well be a signed URL: the log gets its host only
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[actix_rt::test]
async fn the_configured_origin_may_be_private_also_on_reuse() {
    let watched = Watched::bind("127.0.0.1:0");
    let private = format!("http://{}/secret", watched.authority());
    let server = Server::start(move |request| match request.path() {
        "/away" => redirect(&private),
        "/around" => redirect("/a"),
        _ => ok("", "picture"),
    })
    .await;
    let origin = open(&config(server.url()));
    for _ in 0..2 {
        assert_eq!(body(&origin, "/around").await, "picture");
        assert_eq!(fetch(&origin, "/away").await.unwrap_err().kind(), ErrorKind::RefusedAddress);
    }
    assert_eq!(server.connections(), 1);
    watched.assert_unseen();
}
