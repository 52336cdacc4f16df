#!/usr/bin/env python3
"""Makes speech.webm: assets/sample.wav as Chromium's MediaRecorder writes it.

Wants Playwright and Chromium (or CHROMIUM=PATH). No two runs give the same bytes.
"""

import base64
import os
import pathlib

from playwright.sync_api import sync_playwright

HERE = pathlib.Path(__file__).parent
SAMPLE = HERE.parents[4] / "assets/sample.wav"

RECORD = """async (sample) => {
    const context = new AudioContext({sampleRate: 48000});
    const bytes = Uint8Array.from(atob(sample), (letter) => letter.charCodeAt(0));
    const sound = new AudioBufferSourceNode(context, {buffer: await context.decodeAudioData(bytes.buffer)});
    const sink = new MediaStreamAudioDestinationNode(context, {channelCount: 1});
    sound.connect(sink);
    await context.resume();
    const recorder = new MediaRecorder(sink.stream, {mimeType: "audio/webm;codecs=opus", audioBitsPerSecond: 24000});
    const chunks = [];
    recorder.ondataavailable = (event) => chunks.push(event.data);
    const ended = new Promise((go) => { recorder.onstop = go; });
    const played = new Promise((go) => { sound.onended = go; });
    recorder.start(100);
    sound.start();
    await played;
    await new Promise((go) => setTimeout(go, 300));
    recorder.stop();
    await ended;
    const all = new Uint8Array(await new Blob(chunks).arrayBuffer());
    return btoa(Array.from(all, (byte) => String.fromCharCode(byte)).join(""));
}"""

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=os.environ.get("CHROMIUM"),
        args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
    )
    page = browser.new_page()
    page.goto("about:blank")
    recorded = page.evaluate(RECORD, base64.b64encode(SAMPLE.read_bytes()).decode())
    browser.close()
(HERE / "speech.webm").write_bytes(base64.b64decode(recorded))
