//! Two real engines and a real server with a network between them that does what networks do.

#![expect(clippy::expect_used, reason = "a test that can't go on says why and ends")]

use std::collections::BTreeMap;
use std::time::Duration;

use stet_client::api::note::View;
use stet_model::id::NoteId;
use stet_server::config::{LimitConfig, TokenConfig};
use stet_tests::device::Device;
use stet_tests::proxy::{Cut, Proxy, Weather};
use stet_tests::wait::{eventually, same};
use stet_tests::world::random::Dice;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Edits and faults of a run.
const STEPS: u64 = 120;
/// What decides; printed with a failure.
const SEEDS: [u64; 3] = [1, 2, 3];
/// A heartbeat that makes a silent connection noticed while a test waits; people's is 30 seconds.
const HEARTBEAT_MS: u64 = 1_000;

/// A server, and two devices each behind a proxy.
struct Net {
    folder: TempDir,
    proxies: [Proxy; 2],
    devices: [Device; 2],
    server: JoinHandle<()>,
}

impl Net {
    async fn start(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("server");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let limits = LimitConfig { heartbeat: HEARTBEAT_MS, ..LimitConfig::default() };
        let config = stet_server::Config { data: Some(data.clone()), limits, ..stet_server::Config::default() };
        let server = tokio::spawn(async move {
            stet_server::run(config, listener, std::future::pending()).await.expect("the server runs");
        });
        eventually("a server", async || tokio::net::TcpStream::connect(address).await.map(drop)).await;
        let config = TokenConfig { user: "anna".into(), ttl: 3_600_000, data: Some(data) };
        let token = stet_server::token(&config).expect("a token");
        let proxies = [Proxy::start(address, seed).await, Proxy::start(address, seed + 1).await];
        let mut devices = Vec::new();
        for (name, proxy) in ["Desk", "Laptop"].into_iter().zip(&proxies) {
            let device = Device::start(&folder.path().join(name), name, &proxy.url(), &token).await;
            device
                .set(|settings| {
                    (settings.backoff_base_ms, settings.backoff_cap_ms, settings.max_attempts) = (20, 200, u32::MAX);
                })
                .await;
            device.is_synced().await;
            devices.push(device);
        }
        let devices = devices.try_into().unwrap_or_else(|_| unreachable!("there are two"));
        Self { folder, proxies, devices, server }
    }

    async fn end(self) {
        let Self { folder: _folder, proxies: _proxies, devices, server } = self;
        for device in devices {
            assert_eq!(device.stop().await, 0, "nothing is unsent");
        }
        server.abort();
    }
}

/// Every note of a device with its text.
async fn contents(device: &Device) -> BTreeMap<NoteId, (String, String)> {
    let mut contents = BTreeMap::new();
    for row in device.rows(View::All).await {
        contents.extend(device.text(row.id).await.map(|text| (row.id, text)));
    }
    contents
}

fn weather(dice: &mut Dice) -> Weather {
    Weather {
        latency: Duration::from_millis(if dice.percent(50) { dice.below(60) } else { 0 }),
        rate: dice.percent(25).then(|| dice.within((20_000, 500_000))),
        reshaped: dice.percent(60),
        swallowed: dice.percent(15),
        refused: dice.percent(15),
    }
}

/// One edit or one fault.
async fn step(net: &Net, dice: &mut Dice, notes: &mut Vec<NoteId>, words: &mut Vec<(NoteId, String)>, count: u64) {
    let at = dice.below(2) as usize;
    let (device, proxy) = (&net.devices[at], &net.proxies[at]);
    let word = format!("w{count}.");
    match dice.below(10) {
        0 => {
            let note = device.create(&format!("Note {count}"), &format!("{word}\n")).await;
            notes.push(note);
            words.push((note, word));
        }
        1 => proxy.set_weather(weather(dice)),
        2 => proxy.heal(),
        3 => {
            let cut = if dice.percent(50) { Cut::Closed } else { Cut::Reset };
            proxy.cut_after(dice.below(3_000) as u32, cut);
        }
        kind => {
            let note = notes[dice.below(notes.len() as u64) as usize];
            // A note the other one made may not be here yet.
            if device.row(note).await.is_some() {
                let filler = if kind == 4 { "A line that was pasted.\n".repeat(400) } else { String::new() };
                let first = dice.percent(50);
                device
                    .edit(note, |body| {
                        let from = if first { 0 } else { body.encode_utf16().count() };
                        (from, from, format!("{word}\n{filler}"))
                    })
                    .await;
                words.push((note, word));
            }
        }
    }
    // Something is on its way when the next thing happens, at one moment or another.
    tokio::time::sleep(Duration::from_millis(dice.below(30))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_network_does_both_end_with_the_same_notes_and_say_so() {
    for seed in SEEDS {
        let net = Net::start(seed).await;
        let mut dice = Dice::new(seed, 0);
        let mut notes = vec![net.devices[0].create("First", "").await];
        let mut words = Vec::new();
        for count in 0..STEPS {
            step(&net, &mut dice, &mut notes, &mut words, count).await;
        }
        net.proxies.iter().for_each(Proxy::heal);
        for device in &net.devices {
            device
                .until(&format!("verified, seed {seed}"), |status| status.is_synced && status.verified.is_some())
                .await;
        }
        let [one, two] = &net.devices;
        let here = eventually(&format!("the same on both, seed {seed}"), async || {
            let here = contents(one).await;
            same(&contents(two).await, &here).map(|()| here)
        })
        .await;
        for (note, word) in &words {
            assert!(here[note].1.contains(word), "seed {seed}: {word} is gone from {note}");
        }
        assert_eq!(here.len(), notes.len() + 1, "seed {seed}: the welcome note, and no copies of others");
        net.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_swallows_everything_is_noticed_and_replaced() {
    let net = Net::start(7).await;
    let [one, two] = &net.devices;
    let note = one.create("Plan", "a").await;
    two.sees_body(note, "a").await;
    net.proxies[0].set_weather(Weather { swallowed: true, ..Weather::default() });
    one.append(note, "b").await;
    one.until("the silence is noticed", |status| !status.is_connected).await;
    assert_eq!(one.status().await.unsent, 1);
    net.proxies[0].heal();
    two.sees_body(note, "ab").await;
    one.is_synced().await;
    net.end().await;
}

/// People who open the lid again don't wait for an attempt that was put off while there was no network.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_comes_up_is_used_at_once_however_far_off_the_next_attempt_is() {
    const FAR_OFF_MS: u32 = 3_600_000;
    let net = Net::start(9).await;
    let [one, two] = &net.devices;
    let note = one.create("Plan", "a").await;
    two.sees_body(note, "a").await;
    one.set(|settings| (settings.backoff_base_ms, settings.backoff_cap_ms) = (FAR_OFF_MS, FAR_OFF_MS)).await;
    net.proxies[0].set_weather(Weather { refused: true, ..Weather::default() });
    net.proxies[0].cut_after(0, Cut::Reset);
    one.append(note, "b").await;
    one.until("an attempt far off", |status| !status.is_connected && status.next_retry_at.is_some()).await;
    net.proxies[0].heal();
    one.network_up();
    two.sees_body(note, "ab").await;
    one.is_synced().await;
    net.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_in_the_middle_of_each_frame_still_gets_everything_across() {
    let net = Net::start(8).await;
    let [one, two] = &net.devices;
    let note = one.create("Plan", "begin\n").await;
    two.sees_body(note, "begin\n").await;
    let mut expected = "begin\n".to_owned();
    for round in 0..12_u32 {
        let before = net.proxies[0].passed();
        net.proxies[0].cut_after(20 + 37 * round, if round % 2 == 0 { Cut::Reset } else { Cut::Closed });
        let line = format!("line {round}, {}\n", "long ".repeat(60));
        one.append(note, &line).await;
        expected.push_str(&line);
        eventually(
            "some of it passed",
            async || {
                if net.proxies[0].passed() > before { Ok(()) } else { Err("nothing") }
            },
        )
        .await;
    }
    two.sees_body(note, &expected).await;
    one.is_synced().await;
    net.end().await;
}
