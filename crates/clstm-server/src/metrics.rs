//! What is counted, for Prometheus.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refused {
    kind: &'static str,
}

/// Kinds of short work.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
pub(crate) enum Lane {
    Live,
    Clips,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Work {
    lane: Lane,
}

type Seconds = Counter<f64, AtomicU64>;

/// All counters; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Answered, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    refused: Family<Refused, Counter>,
    computed: Family<Work, Seconds>,
    groups: Histogram,
    audio: Seconds,
    pub(crate) connections: Gauge,
    pub(crate) recordings: Gauge,
    pub(crate) streams: Gauge,
    reloads: Counter,
}

/// A millisecond to a minute.
fn durations() -> Histogram {
    Histogram::new([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
    ])
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("clstm");
        let requests = Family::default();
        registry.register("requests", "Requests answered", requests.clone());
        let seconds = Family::new_with_constructor(durations as fn() -> Histogram);
        registry.register("request_seconds", "Time to the answer", seconds.clone());
        let refused = Family::default();
        registry.register("refused", "Requests without an answer, by kind", refused.clone());
        let computed = Family::default();
        registry.register("compute_seconds", "Time of workers, by kind of work", computed.clone());
        let groups = Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0]);
        registry.register("group_size", "Recordings recognised together", groups.clone());
        let audio = Seconds::default();
        registry.register("audio_seconds", "Sound that was heard", audio.clone());
        let [connections, recordings, streams] = [(); 3].map(|()| Gauge::default());
        registry.register("connections", "Connections held", connections.clone());
        registry.register("recordings", "Recordings waiting or worked on", recordings.clone());
        registry.register("streams", "Streams held", streams.clone());
        let reloads = Counter::default();
        registry.register("reloads", "Exchanges of the models", reloads.clone());
        Self {
            registry: Arc::new(registry),
            requests,
            seconds,
            refused,
            computed,
            groups,
            audio,
            connections,
            recordings,
            streams,
            reloads,
        }
    }

    pub(crate) fn answered(&self, route: &str, status: u16, after: Duration) {
        let route = route.to_owned();
        self.requests.get_or_create(&Answered { route: route.clone(), status }).inc();
        self.seconds.get_or_create(&Route { route }).observe(after.as_secs_f64());
    }

    pub(crate) fn refused(&self, kind: &'static str) {
        self.refused.get_or_create(&Refused { kind }).inc();
    }

    pub(crate) fn grouped(&self, clips: usize) {
        self.groups.observe(clips as f64);
    }

    pub(crate) fn computed(&self, lane: Lane, time: Duration) {
        self.computed.get_or_create(&Work { lane }).inc_by(time.as_secs_f64());
    }

    pub(crate) fn heard(&self, seconds: f64) {
        self.audio.inc_by(seconds);
    }

    pub(crate) fn reloaded(&self) {
        self.reloads.inc();
    }

    /// In the OpenMetrics text format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Counts one more in a gauge as long as it lives.
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
