use axum::http::StatusCode;
use clstm::{Event, Stream, StreamConfig};
use clstm_server::{Keys, Limits, ServerConfig};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::clock::StoppedClock;
use crate::support::{RATE, TestServer, config, conversation, tiny};

pub(crate) type Socket = WebSocketStream<TcpStream>;

pub(crate) async fn open(
    server: &TestServer,
    query: &str,
    headers: &[(&'static str, &str)],
) -> Result<Socket, Error> {
    let stream = TcpStream::connect(server.address).await.expect("a connection");
    let url = format!("ws://{}/v1/stream{query}", server.address);
    let mut request = url.into_client_request().expect("a request");
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
    }
    Ok(client_async(request, stream).await?.0)
}

/// The next message; the code where it is the end.
pub(crate) async fn next(socket: &mut Socket) -> Result<Value, u16> {
    loop {
        match socket.next().await.expect("a message").expect("a whole message") {
            Message::Text(text) => return Ok(serde_json::from_str(&text).expect("JSON")),
            Message::Close(frame) => return Err(frame.expect("a reason").code.into()),
            _ => {}
        }
    }
}

/// All responses to audio that is sent in messages of these sizes.
pub(crate) async fn received(
    server: &TestServer,
    query: &str,
    sound: &[u8],
    sizes: &[usize],
) -> Vec<Value> {
    let mut socket = open(server, query, &[]).await.expect("a stream");
    let mut rest = sound;
    for size in sizes.iter().cycle() {
        let (chunk, more) = rest.split_at((*size).min(rest.len()));
        socket.send(Message::Binary(chunk.to_vec().into())).await.expect("sent");
        rest = more;
        if rest.is_empty() {
            break;
        }
    }
    socket.send(Message::Text("{\"end\":true}".into())).await.expect("sent");
    let mut all = Vec::new();
    loop {
        match next(&mut socket).await {
            Ok(message) => all.push(message),
            Err(code) => {
                assert_eq!(code, 1000);
                return all;
            }
        }
    }
}

/// The events that the library returns for it.
pub(crate) fn expected(sound: &[f32], rate: u32, hop_s: f64) -> Vec<Value> {
    let config = StreamConfig { hop_s, ..StreamConfig::live() };
    let mut stream = Stream::new(&tiny(), rate, &config).expect("a stream");
    let mut events = Vec::new();
    stream.push(sound, &mut events).expect("sound");
    stream.finish(&mut events).expect("an end");
    let recognizer = tiny();
    let labels = recognizer.labels();
    let label = |i: Option<usize>| i.map(|i| labels[i].clone());
    let named = |p: &[f64]| -> Value {
        labels
            .iter()
            .zip(p)
            .map(|(label, p)| (label.clone(), json!(p)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let messages = events.iter().map(|event| {
        let mut message = match event {
            Event::Frame(m) | Event::ProvisionalFrame(m) => json!({
                "type": "frame", "start_s": m.start_s, "end_s": m.end_s, "speech": m.speech,
                "label": label(m.prediction.as_ref().map(|a| a.label_index)),
            }),
            Event::Segment(s) => json!({
                "type": "segment", "start_s": s.start_s, "end_s": s.end_s,
                "label": label(s.label.as_ref().map(|e| e.label_index)),
            }),
            Event::Turn(s) => json!({
                "type": "turn", "start_s": s.start_s, "end_s": s.end_s,
                "label": label(s.label.as_ref().map(|e| e.label_index)),
            }),
            _ => panic!("another event"),
        };
        let received = match event {
            Event::Frame(m) | Event::ProvisionalFrame(m) => {
                m.prediction.as_ref().map(|a| (a.smoothed[a.label_index], &a.smoothed))
            }
            Event::Segment(s) | Event::Turn(s) => {
                s.label.as_ref().map(|e| (e.confidence, &e.probabilities))
            }
            _ => None,
        };
        if let Some((confidence, probabilities)) = received {
            message["confidence"] = json!(confidence);
            message["probabilities"] = named(probabilities);
        }
        if matches!(event, Event::ProvisionalFrame(_)) {
            message["provisional"] = json!(true);
        }
        message
    });
    messages.collect()
}

/// Equal, numbers to 1e-4.
pub(crate) fn assert_close(a: &Value, b: &Value) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
            a.iter().for_each(|(key, value)| assert_close(value, &b[key]));
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        (a, b) => assert_eq!(a, b),
    }
}

#[tokio::test]
async fn a_stream_matches_the_library_for_any_chunks() {
    let server = TestServer::start(config()).await;
    // Exact in both formats.
    let words: Vec<i16> = conversation().iter().map(|x| (x * 32_768.0).round() as i16).collect();
    let sound: Vec<f32> = words.iter().map(|x| f32::from(*x) / 32_768.0).collect();
    let s16: Vec<u8> = words.iter().flat_map(|x| x.to_le_bytes()).collect();
    let f32s: Vec<u8> = sound.iter().flat_map(|x| x.to_le_bytes()).collect();
    let expected = expected(&sound, RATE, 0.25);
    assert!(expected.iter().any(|e| e["type"] == "segment" && e["label"].is_string()));
    let whole = 1 << 20;
    let live = StreamConfig { hop_s: 0.25, ..StreamConfig::live() };
    let latency_s = Stream::new(&tiny(), RATE, &live).expect("a stream").latency_s();
    for (query, sound, sizes) in [
        ("?hop=0.25", &s16, &[3200][..]),
        ("?hop=0.25&format=s16le&rate=16000&model=tiny", &s16, &[whole]),
        ("?hop=0.25", &s16, &[1, 4097, 2, 33_333]),
        ("?hop=0.25&format=f32le", &f32s, &[6401, 7]),
    ] {
        let received = received(&server, query, sound, sizes).await;
        let [ready, events @ .., end] = &received[..] else { panic!("no events") };
        assert_eq!((&ready["type"], &ready["model"]), (&json!("ready"), &json!("tiny")));
        assert_eq!(ready["labels"], json!(["calm", "glad", "sad"]));
        assert_eq!((&ready["hop_s"], &ready["latency_s"]), (&json!(0.25), &json!(latency_s)));
        let duration_s = words.len() as f64 / f64::from(RATE);
        assert_close(end, &json!({"type": "end", "duration_s": duration_s}));
        assert_eq!(events.len(), expected.len(), "{query}");
        events
            .iter()
            .zip(&expected)
            .for_each(|(received, expected)| assert_close(received, expected));
    }
}

#[tokio::test]
async fn events_come_while_the_sound_does() {
    let server = TestServer::start(config()).await;
    let mut socket =
        open(&server, "?format=f32le&hop=0.5&lookahead=0", &[]).await.expect("a stream");
    assert_eq!(next(&mut socket).await.expect("a word")["type"], "ready");
    let sound = conversation();
    // Speech is judged in blocks of 64 ms: a frame is complete at most one block behind its end.
    let half = RATE as usize / 2;
    for i in 0..4 {
        let end = (i + 1) * half + RATE as usize / 10;
        let start = if i == 0 { 0 } else { end - half };
        let bytes: Vec<u8> = sound[start..end].iter().flat_map(|x| x.to_le_bytes()).collect();
        socket.send(Message::Binary(bytes.into())).await.expect("sent");
        let mut frame = next(&mut socket).await.expect("a frame");
        while frame["type"] == "turn" {
            frame = next(&mut socket).await.expect("a frame");
        }
        assert_eq!(frame["type"], "frame");
        assert_eq!(frame["end_s"], json!(0.5 * (i + 1) as f64));
    }
}

#[tokio::test]
async fn streams_that_cannot_be_are_refused_before_they_begin() {
    let server = TestServer::start(config()).await;
    for (query, expected) in [
        ("?format=mp3", 400),
        ("?rate=fast", 400),
        ("?rate=10", 422),
        ("?hop=0", 400),
        ("?window=99", 400),
        ("?speed=2", 400),
        ("?model=huge", 404),
    ] {
        match open(&server, query, &[]).await {
            Err(Error::Http(response)) => {
                assert_eq!(response.status().as_u16(), expected, "{query}")
            }
            other => panic!("{query}: {other:?}"),
        }
    }
    let foreign = open(&server, "", &[("origin", "https://example.org")]).await;
    assert!(matches!(foreign, Err(Error::Http(a)) if a.status() == StatusCode::FORBIDDEN));
    let own = format!("http://{}", server.address);
    assert!(open(&server, "", &[("origin", &own)]).await.is_ok());
    let plain = crate::client::get(server.address, "/v1/stream").await;
    assert_eq!(plain.error(), (400, "websocket".to_owned()));
}

#[tokio::test]
async fn a_page_brings_its_key_as_a_protocol() {
    let keys = Keys::parse("0123456789abcdef").ok();
    let server = TestServer::start(ServerConfig { keys, ..config() }).await;
    let protocol = |key: &str| format!("clstm.v1, clstm-key.{key}");
    let header = protocol("0123456789abcdef");
    let mut socket =
        open(&server, "", &[("sec-websocket-protocol", &header)]).await.expect("a stream");
    assert_eq!(next(&mut socket).await.expect("a word")["type"], "ready");
    let header = protocol("0123456789abcdeg");
    let wrong = open(&server, "", &[("sec-websocket-protocol", &header)]).await;
    assert!(matches!(wrong, Err(Error::Http(a)) if a.status() == StatusCode::UNAUTHORIZED));
}

/// The error and the code of a stream that goes wrong.
pub(crate) async fn fails(server: &TestServer, query: &str, message: Message) -> (String, u16) {
    let mut socket = open(server, query, &[]).await.expect("a stream");
    socket.send(message).await.expect("sent");
    let mut kind = None;
    loop {
        match next(&mut socket).await {
            Ok(message) if message["type"] == "error" => {
                kind = message["error"]["kind"].as_str().map(str::to_owned);
            }
            Ok(_) => assert!(kind.is_none(), "something behind the error"),
            Err(code) => return (kind.expect("an error"), code),
        }
    }
}

#[tokio::test]
async fn failing_streams_get_the_reason() {
    let limits = Limits { max_stream_s: 1.0, max_message_bytes: 100_000, ..Limits::default() };
    let server = TestServer::with(limits).await;
    let closed = |kind: &str| (kind.to_owned(), 1008);
    let text = |text: &'static str| Message::Text(text.into());
    assert_eq!(fails(&server, "", text("stop")).await, closed("request"));
    assert_eq!(fails(&server, "", text("{\"end\":false}")).await, closed("request"));
    let long = Message::Binary(vec![0; 2 * RATE as usize + 2].into());
    assert_eq!(fails(&server, "", long).await, closed("too_long"));
    let large = Message::Binary(vec![0; 100_001].into());
    assert_eq!(fails(&server, "", large).await, closed("request"));
}

#[tokio::test]
async fn samples_that_are_not_numbers_are_marked_at_the_end() {
    let server = TestServer::start(config()).await;
    let mut samples = conversation();
    samples[100] = f32::NAN;
    let bytes: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    let all = received(&server, "?format=f32le", &bytes, &[12_800]).await;
    let end = all.last().expect("an end");
    assert_eq!((&end["type"], &end["damaged"]["count"]), (&json!("end"), &json!(1)), "{end}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() {
    // Nothing but the timeout of writes may end it.
    let never = std::time::Duration::from_secs(1_000_000_000);
    let limits = Limits { stream_timeout: never, max_stream_s: 1e9, ..Limits::default() };
    let server = TestServer::with(limits).await;
    let clock = StoppedClock::new();
    // This client's system keeps little of what it does not read.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let stream = socket.connect(server.address).await.expect("a connection");
    let url = format!("ws://{}/v1/stream?hop=0.1", server.address);
    let (mut socket, _) = client_async(url, stream).await.expect("a stream");
    // An hour of silence would prove that nothing disconnects it.
    let mut flood = tokio::spawn(async move {
        for _ in 0..3600 {
            if socket.send(Message::Binary(vec![0; 32_000].into())).await.is_err() {
                return true;
            }
        }
        false
    });
    let disconnected = loop {
        tokio::select! {
            biased;
            ended = &mut flood => break ended.expect("no panic"),
            () = tokio::task::yield_now() => clock.advance(1).await,
        }
    };
    assert!(disconnected, "the server continues for a client that does not read");
    crate::timeouts::gauge(&server, "streams", 0).await;
}
