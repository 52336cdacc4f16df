//! A stream that fails when its peer does not read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// A stream whose writes, flushes and shutdown fail with [`io::ErrorKind::TimedOut`] once they have made no
/// progress for `limit`. Reads have no timeout here.
pub(crate) struct WriteTimeout<S> {
    stream: S,
    limit: Duration,
    /// Set while a write is blocked.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteTimeout<S> {
    pub(crate) fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, deadline: None }
    }

    /// Passes on the outcome of a write, or the timeout if the write has been blocked for too long.
    fn check_deadline<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.deadline = None;
            return outcome;
        }
        let at = Instant::now() + self.limit;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep_until(at)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check_deadline(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.check_deadline(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.check_deadline(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.check_deadline(cx, outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
    use tokio::time::{Instant, sleep};

    use super::WriteTimeout;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_write_that_makes_no_progress_fails_after_the_limit() {
        let (near, _far) = duplex(16);
        let mut stream = WriteTimeout::new(near, LIMIT);
        stream.write_all(&[0; 16]).await.expect("fits into the buffer");
        let began = Instant::now();
        let error = stream.write_all(&[0; 1]).await.expect_err("the peer does not read");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(began.elapsed() >= LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn progress_restarts_the_limit() {
        let (near, mut far) = duplex(16);
        let mut stream = WriteTimeout::new(near, LIMIT);
        let reader = tokio::spawn(async move {
            let mut bytes = [0; 16];
            for _ in 0..5 {
                sleep(LIMIT * 3 / 4).await;
                far.read_exact(&mut bytes).await.expect("bytes");
            }
        });
        stream.write_all(&[0; 80]).await.expect("a slow reader that makes progress");
        reader.await.expect("the reader");
    }

    /// Accepts nothing, ever.
    struct Stuck;

    impl AsyncWrite for Stuck {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<std::io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn flush_and_shutdown_have_the_limit_too() {
        let flushed = WriteTimeout::new(Stuck, LIMIT).flush().await;
        assert_eq!(flushed.expect_err("a timeout").kind(), ErrorKind::TimedOut);
        let shut = WriteTimeout::new(Stuck, LIMIT).shutdown().await;
        assert_eq!(shut.expect_err("a timeout").kind(), ErrorKind::TimedOut);
    }
}
