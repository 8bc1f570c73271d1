//! What the wire costs: ns a head, time a MiB of chunks.
//!
//! `cargo bench --features unstable-fuzzing --bench wire`

#![allow(missing_docs, reason = "criterion's macro makes a public function")]

use std::{hint::black_box, mem::MaybeUninit, time::SystemTime};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sockeye::fuzzing::measure;

/// What wrk sends.
const WRK: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

/// The same with the fields that load generators like to add.
const SHORT: &[u8] =
    b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n";

/// A browser's.
const BROWSER: &[u8] = b"GET /some/where/index.html?q=a%20word&page=2 HTTP/1.1\r\n\
Host: www.example.org\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Referer: https://www.example.org/some/where/else.html\r\n\
Connection: keep-alive\r\n\
Cookie: session=5f0c3a5e8d7b4f6a9c1e2d3b4a5f6e7d; theme=dark; consent=necessary%2Cstatistics\r\n\
Upgrade-Insecure-Requests: 1\r\n\
Sec-Fetch-Dest: document\r\n\
Sec-Fetch-Mode: navigate\r\n\
Sec-Fetch-Site: same-origin\r\n\
Sec-Fetch-User: ?1\r\n\
Priority: u=0, i\r\n\
\r\n";

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/html; charset=utf-8\r\n\
Content-Length: 12\r\n\r\n";

fn heads(c: &mut Criterion) {
    let mut group = c.benchmark_group("head");
    for (name, head) in [("wrk", WRK), ("short", SHORT), ("browser", BROWSER)] {
        assert_eq!(measure::request(head), head.len(), "{name}");
        group.throughput(Throughput::Bytes(head.len() as u64));
        group.bench_function(format!("request/{name}/decided"), |b| {
            b.iter(|| measure::request(black_box(head)))
        });
        group.bench_function(format!("request/{name}/parsed"), |b| {
            b.iter(|| measure::request_parse_only(black_box(head)));
        });
        group.bench_function(format!("request/{name}/httparse alone"), |b| {
            b.iter(|| {
                let mut room = [const { MaybeUninit::uninit() }; 100];
                httparse::Request::new(&mut []).parse_with_uninit_headers(black_box(head), &mut room)
            });
        });
    }
    assert_eq!(measure::response(ANSWER), ANSWER.len());
    group.throughput(Throughput::Elements(1));
    group.bench_function("response/decided", |b| b.iter(|| measure::response(black_box(ANSWER))));
    group.bench_function("request/browser/dripping", |b| {
        b.iter(|| measure::dripping_head(black_box(BROWSER)))
    });
    let mut clock = measure::Clock::default();
    let (mut out, now) = (Vec::with_capacity(256), SystemTime::now());
    group.bench_function("response/written", |b| {
        b.iter(|| {
            out.clear();
            clock.response_head(&mut out, black_box(now), black_box(12));
            out.len()
        });
    });
}

fn chunks(c: &mut Criterion) {
    const MIB: usize = 1 << 20;
    let data = vec![b'x'; MIB];
    let mut group = c.benchmark_group("chunks of one MiB");
    group.throughput(Throughput::Bytes(MIB as u64));
    for size in [64, 1024, 16 * 1024] {
        let mut encoded = Vec::new();
        measure::encode_chunks(&mut encoded, &data, size);
        assert_eq!(measure::decode_chunks(&encoded), MIB);
        group.bench_function(format!("decode/{size}"), |b| {
            b.iter(|| measure::decode_chunks(black_box(&encoded)))
        });
        group.bench_function(format!("compact/{size}"), |b| {
            b.iter_batched_ref(
                || encoded.clone(),
                |buffer| measure::compact_chunks(buffer),
                criterion::BatchSize::LargeInput,
            );
        });
        group.bench_function(format!("encode/{size}"), |b| {
            b.iter(|| {
                encoded.clear();
                measure::encode_chunks(&mut encoded, black_box(&data), size);
                encoded.len()
            });
        });
    }
}

criterion_group!(benches, heads, chunks);
criterion_main!(benches);
