//! All devices in one thread: connects them, keeps their hearts beating, and notes when each of
//! them is told something.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::FarEnds;
use mio::{Events, Poll, Token};
use serde_json::{Value, json};

use super::device::Device;
use super::frame::word;
use crate::error::BenchError;

/// Devices that connect at the same time: well under the daemon's bound for sockets that have not
/// said hello, and under a listener's backlog.
const CONNECTING_MAX: usize = 100;
/// Media legs that are set up at the same time: a crowd would only wait for the same processor
/// and send its handshakes twice.
const SETTING_UP_MAX: usize = 20;
/// How long a device may take to be welcomed, and its leg to come up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between pings of a device: half of the daemon's heartbeat.
const PING_PACE: Duration = Duration::from_secs(10);
/// Between looks at what is due: legs have deadlines of tens of milliseconds while they are set
/// up, and of seconds later.
const TICK_SETTING_UP: Duration = Duration::from_millis(10);
const TICK: Duration = Duration::from_millis(100);
/// Bytes read at once.
const SCRATCH: usize = 64 * 1024;

/// Something that a device was told.
pub(super) struct Heard {
    pub(super) device: usize,
    pub(super) at: Instant,
    pub(super) kind: String,
    pub(super) text: String,
}

/// The devices, in the order in which they joined.
pub(super) struct Crowd {
    daemon: SocketAddr,
    poll: Poll,
    events: Events,
    ends: FarEnds,
    devices: Vec<Device>,
    /// Devices before this one have their media leg.
    with_media: usize,
    heard: VecDeque<Heard>,
    scratch: Vec<u8>,
    tick: Duration,
    ticked: Instant,
    /// Whose ping is due when; all wait equally long, so the oldest is always in front.
    pings: VecDeque<(Instant, usize)>,
    /// From each ping to its pong.
    pub(super) pongs: Vec<Duration>,
    /// Sockets that the daemon closed.
    pub(super) lost: usize,
}

impl Crowd {
    /// Nobody yet.
    pub(super) fn new(daemon: SocketAddr) -> Result<Self, BenchError> {
        Ok(Self {
            daemon,
            poll: Poll::new().map_err(BenchError::system("a poll"))?,
            events: Events::with_capacity(1_024),
            ends: FarEnds::new()?,
            devices: Vec::new(),
            with_media: 0,
            heard: VecDeque::new(),
            scratch: vec![0; SCRATCH],
            tick: TICK,
            ticked: Instant::now(),
            pings: VecDeque::new(),
            pongs: Vec::new(),
            lost: 0,
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.devices.len()
    }

    /// A device for each token, welcomed.
    pub(super) fn join(&mut self, tokens: &[String]) -> Result<(), BenchError> {
        for tokens in tokens.chunks(CONNECTING_MAX) {
            for token in tokens {
                let number = self.devices.len();
                let place = Token(2 * number);
                let device = Device::connect(self.daemon, token, self.poll.registry(), place)?;
                self.devices.push(device);
                self.pings.push_back((Instant::now() + PING_PACE, number));
            }
            self.await_all("welcome", tokens.len(), PATIENCE)?;
        }
        self.heard.clear();
        Ok(())
    }

    /// Everybody who is not ready yet goes ready, and their media legs come up.
    pub(super) fn go_ready(&mut self) -> Result<(), BenchError> {
        self.tick = TICK_SETTING_UP;
        while self.with_media < self.devices.len() {
            let until = self.devices.len().min(self.with_media + SETTING_UP_MAX);
            for number in self.with_media..until {
                let place = Token(2 * number + 1);
                self.devices[number].go_ready(&self.ends, self.poll.registry(), place)?;
            }
            self.await_all("media_state", until - self.with_media, PATIENCE)?;
            self.with_media = until;
        }
        self.tick = TICK;
        self.heard.clear();
        Ok(())
    }

    /// One device sends a command.
    pub(super) fn send(&mut self, device: usize, command: &Value) -> Result<(), BenchError> {
        self.devices[device].send(command)
    }

    /// Waits for as many frames of a kind, and takes them out; all others stay.
    ///
    /// # Errors
    /// When they do not come in time.
    pub(super) fn await_all(
        &mut self,
        kind: &'static str,
        count: usize,
        patience: Duration,
    ) -> Result<Vec<Heard>, BenchError> {
        let deadline = Instant::now() + patience;
        let (mut found, mut looked) = (Vec::with_capacity(count), 0);
        loop {
            while looked < self.heard.len() && found.len() < count {
                if self.heard[looked].kind == kind {
                    found.extend(self.heard.remove(looked));
                } else {
                    looked += 1;
                }
            }
            if found.len() >= count {
                return Ok(found);
            }
            if Instant::now() > deadline {
                let last = self.heard.back().map_or("nothing", |heard| heard.text.as_str());
                let (got, lost) = (found.len(), self.lost);
                let why =
                    format!("{got} of {count} came, {lost} sockets were closed; last: {last}");
                return Err(BenchError::Peer { what: kind, why });
            }
            self.turn()?;
        }
    }

    /// Goes on for that long, and forgets what was told.
    pub(super) fn rest(&mut self, time: Duration) -> Result<(), BenchError> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.turn()?;
        }
        self.heard.clear();
        Ok(())
    }

    /// Waits for the sockets once, takes what they have, and does what is due.
    fn turn(&mut self) -> Result<(), BenchError> {
        match self.poll.poll(&mut self.events, Some(self.tick)) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => {
                return Err(BenchError::system("a poll")(error));
            }
            Ok(()) | Err(_) => {}
        }
        let mut answers = Vec::new();
        for event in &self.events {
            let (number, is_media) = (event.token().0 / 2, event.token().0 % 2 == 1);
            let at = Instant::now();
            let Some(device) = self.devices.get_mut(number) else { continue };
            if is_media {
                device.hear(at);
                continue;
            }
            let (heard, pongs) = (&mut self.heard, &mut self.pongs);
            let mut pinged = device.pinged.take();
            let open = device.read(&mut self.scratch, |text| {
                match word(text, "type").unwrap_or_default() {
                    "pong" => pongs.extend(pinged.take().map(|since| at - since)),
                    "media_answer" => answers.push((number, text.to_owned())),
                    kind => heard.push_back(Heard {
                        device: number,
                        at,
                        kind: kind.to_owned(),
                        text: text.to_owned(),
                    }),
                }
            });
            device.pinged = pinged;
            if !open.unwrap_or(false) {
                self.lost += 1;
            }
        }
        for (number, text) in answers {
            self.devices[number].answered(&text)?;
        }
        self.do_what_is_due();
        Ok(())
    }

    fn do_what_is_due(&mut self) {
        let now = Instant::now();
        while let Some((_, number)) = self.pings.front().copied().filter(|(due, _)| *due <= now) {
            self.pings.pop_front();
            self.pings.push_back((now + PING_PACE, number));
            let device = &mut self.devices[number];
            device.pinged = Some(now);
            // A socket that is lost is counted where it is read.
            let _ = device.send(&json!({ "type": "ping" }));
        }
        if now - self.ticked >= self.tick {
            self.ticked = now;
            for device in &mut self.devices {
                device.tick(now);
            }
        }
    }
}
