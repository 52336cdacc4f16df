//! Prometheus metrics.

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
struct RequestLabels {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ErrorLabels {
    kind: &'static str,
}

/// Kinds of work that the compute threads measure.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
pub(crate) enum Lane {
    Live,
    Clips,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LaneLabels {
    lane: Lane,
}

type Seconds = Counter<f64, AtomicU64>;

/// All metrics; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
    refused: Family<ErrorLabels, Counter>,
    computed: Family<LaneLabels, Seconds>,
    groups: Histogram,
    audio: Seconds,
    pub(crate) connections: Gauge,
    pub(crate) recordings: Gauge,
    pub(crate) streams: Gauge,
    reloads: Counter,
    decode_restarts: Counter,
}

/// Buckets from 1 ms to 1 min.
fn durations() -> Histogram {
    Histogram::new([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0,
    ])
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("clstm");
        let requests = Family::default();
        registry.register("requests", "Requests by route and status", requests.clone());
        let seconds = Family::new_with_constructor(durations as fn() -> Histogram);
        registry.register("request_seconds", "Time to the response", seconds.clone());
        let refused = Family::default();
        registry.register("refused", "Errors by kind", refused.clone());
        let computed = Family::default();
        registry.register(
            "compute_seconds",
            "Time of compute threads, by kind of work",
            computed.clone(),
        );
        let groups = Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0]);
        registry.register("group_size", "Recordings recognised in one batch", groups.clone());
        let audio = Seconds::default();
        registry.register("audio_seconds", "Seconds of audio processed", audio.clone());
        let [connections, recordings, streams] = [(); 3].map(|()| Gauge::default());
        registry.register("connections", "Open connections", connections.clone());
        registry.register("recordings", "Recordings waiting or in progress", recordings.clone());
        registry.register("streams", "Open streams", streams.clone());
        let reloads = Counter::default();
        registry.register("reloads", "Reloads of the models", reloads.clone());
        let decode_restarts = Counter::default();
        let help = "Decode workers that were replaced";
        registry.register("decode_worker_restarts", help, decode_restarts.clone());
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
            decode_restarts,
        }
    }

    pub(crate) fn request_finished(&self, route: &str, status: u16, after: Duration) {
        let route = route.to_owned();
        self.requests.get_or_create(&RequestLabels { route: route.clone(), status }).inc();
        self.seconds.get_or_create(&RouteLabel { route }).observe(after.as_secs_f64());
    }

    pub(crate) fn error(&self, kind: &'static str) {
        self.refused.get_or_create(&ErrorLabels { kind }).inc();
    }

    pub(crate) fn batch(&self, clips: usize) {
        self.groups.observe(clips as f64);
    }

    pub(crate) fn computed(&self, lane: Lane, time: Duration) {
        self.computed.get_or_create(&LaneLabels { lane }).inc_by(time.as_secs_f64());
    }

    pub(crate) fn audio_processed(&self, seconds: f64) {
        self.audio.inc_by(seconds);
    }

    pub(crate) fn reloaded(&self) {
        self.reloads.inc();
    }

    pub(crate) fn decode_worker_restarted(&self) {
        self.decode_restarts.inc();
    }

    /// In the OpenMetrics text format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Adds one to a gauge until dropped.
pub(crate) struct GaugeGuard(Gauge);

impl GaugeGuard {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
