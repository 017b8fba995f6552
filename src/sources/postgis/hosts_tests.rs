use std::sync::atomic::AtomicUsize;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

#[test]
fn each_host_has_all_that_was_said_of_all() {
    let text = "postgresql://me:secret@a:1,b:2/db?sslmode=disable&connect_timeout=3&target_session_attrs=read-write\
                &application_name=x&keepalives_idle=7";
    let config: Config = text.parse().unwrap();
    let each = Hosts::new(&config).unwrap().each;
    let expected = |host, port| {
        let mut alone = text.replace("a:1,b:2", &format!("{host}:{port}")).parse::<Config>().unwrap();
        // The string has the names of hosts, and a list has them again.
        alone.options("");
        alone
    };
    for (one, (host, port)) in each.into_iter().zip([("a", 1), ("b", 2)]) {
        let mut one = one;
        one.options("");
        assert_eq!(one, expected(host, port));
    }
}

fn typed(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap().to_be_bytes();
    [&[kind], &length[..], content].concat()
}

/// What one session of a database answers: to any question its mark, or its end.
async fn session(mut stream: TcpStream, mark: Option<&str>, ends: bool) -> std::io::Result<()> {
    let length = stream.read_u32().await? as usize;
    stream.read_exact(&mut vec![0; length - 4]).await?;
    stream.write_all(&[typed(b'R', &[0; 4]), typed(b'Z', b"I")].concat()).await?;
    loop {
        stream.read_u8().await?;
        let length = stream.read_u32().await? as usize;
        stream.read_exact(&mut vec![0; length - 4]).await?;
        if ends {
            return stream.write_all(&typed(b'E', b"SFATAL\0C57P01\0Mended\0\0")).await;
        }
        let column = [&[0, 1][..], b"mark\0", &[0; 4], &[0; 2], &25_u32.to_be_bytes(), &[0; 8]].concat();
        let value = mark.map_or_else(
            || vec![0xff; 4],
            |mark| [&u32::try_from(mark.len()).unwrap().to_be_bytes()[..], mark.as_bytes()].concat(),
        );
        let row = [&[0, 1][..], &value].concat();
        let answer = [typed(b'T', &column), typed(b'D', &row), typed(b'C', b"SELECT 1\0"), typed(b'Z', b"I")];
        stream.write_all(&answer.concat()).await?;
    }
}

/// A host, by its port, and how many have called: it answers, or closes each connection at once. Without a mark, every second session ends
/// as soon as it is asked.
async fn host(answers: bool, mark: Option<&'static str>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, calls) = (listener.local_addr().unwrap().port(), Arc::<AtomicUsize>::default());
    let count = calls.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let before = count.fetch_add(1, Ordering::SeqCst);
            if answers {
                tokio::spawn(session(stream, mark, mark.is_none() && before % 2 == 1));
            }
        }
    });
    (port, calls)
}

#[tokio::test]
async fn a_host_that_is_away_was_tried_first_each_time_where_the_second_of_three_answers() {
    let (away, calls) = host(false, None).await;
    let (port, _) = host(true, Some("sent")).await;
    let text = format!("postgres://me@127.0.0.1:{away},127.0.0.1:{port},127.0.0.1:{away}/db?sslmode=disable");
    let hosts = Hosts::new(&text.parse().unwrap()).unwrap();
    for _ in 0..3 {
        hosts.open().await.unwrap();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn sessions_were_taken_for_ones_own_where_the_second_ended_before_it_was_seen() {
    let (port, calls) = host(true, None).await;
    let hosts = Hosts::new(&format!("postgres://me@127.0.0.1:{port}/db?sslmode=disable").parse().unwrap()).unwrap();
    assert!(hosts.open().await.is_err());
    assert!(hosts.apart[0].lock().unwrap().is_none());
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}
