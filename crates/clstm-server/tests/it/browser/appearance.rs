//! From phone to desktop, by day and by night.

use super::Stage;

/// Text with too little contrast to what is behind it: WCAG 2.2 asks for 4.5 (1.4.3), of what can be used.
const FAINT: &str = "(() => {
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (color) => {
        const [r, g, b] = parts(color).map((x) => x / 255).map((x) =>
            (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = (it) => {
        const ground = getComputedStyle(it).backgroundColor;
        return parts(ground)[3] === 0 && it.parentElement ? behind(it.parentElement) : ground; };
    const texts = [...document.querySelectorAll('body *')].filter((it) => it.checkVisibility()
        && !it.closest(':disabled') && [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    const faint = [];
    for (const it of texts) {
        const [a, b] = [light(getComputedStyle(it).color), light(behind(it))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(`${it.id || it.className} ${it.textContent.trim()}`); }
    if (texts.length < 20) faint.push('too few texts to be true');
    return faint; })()";

/// Controls smaller than 24 pixels (WCAG 2.2, 2.5.8) or partly outside of the window's width. The input of
/// files is used through the label round it.
const MISPLACED: &str =
    "[...document.querySelectorAll('button, select, input:not(#file), summary, .drop')]
    .filter((it) => it.checkVisibility()).filter((it) => {
        const { width, height, left, right } = it.getBoundingClientRect();
        return width < 24 || height < 24 || left < 0 || right > document.documentElement.clientWidth + 0.5; })
    .map((it) => it.id || it.textContent)";

#[tokio::test]
async fn it_fits_phones_and_desktops_by_day_and_night() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    stage.process(&stage.talk, 1).await;
    tab.eval("document.querySelector('details').open = true").await;
    tab.click_at("picture", 0.4, 0.3).await;
    // Something in red.
    tab.eval("document.getElementById('alert').textContent = 'Something went wrong.'").await;
    for scheme in ["light", "dark"] {
        tab.prefer(&[("prefers-color-scheme", scheme)]).await;
        let ground = tab.eval("getComputedStyle(document.body).backgroundColor").await;
        let red = ground.as_str().and_then(|rgb| rgb[4..].split(',').next()?.parse::<u8>().ok());
        assert_eq!(red.expect("a colour") > 128, scheme == "light", "{ground}");
        for width in [360, 768, 1440] {
            tab.size(width, 900).await;
            let drawn = "document.getElementById('picture').width === document.getElementById('view').clientWidth";
            tab.until(drawn).await;
            let beyond = tab
                .eval("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                .await;
            assert_eq!(beyond, 0, "{width} {scheme}: the page scrolls sideways");
            assert_eq!(tab.eval(MISPLACED).await, serde_json::json!([]), "{width} {scheme}");
            assert_eq!(tab.eval(FAINT).await, serde_json::json!([]), "{width} {scheme}");
            tab.picture(&format!("{width}-{scheme}")).await;
        }
    }
    // The picture goes with the scheme: a line of the waveform has the scheme's colour.
    let wave = "(() => { const it = document.getElementById('picture');
        const middle = Math.floor((it.height - 62) / 2);
        const [r, g, b] = it.getContext('2d').getImageData(1, middle, 1, 1).data;
        return [r, g, b].join(); })()";
    tab.until(&format!("{wave} === '170,180,192'")).await;
    tab.prefer(&[("prefers-color-scheme", "light")]).await;
    tab.until(&format!("{wave} === '91,102,115'")).await;
    tab.was_quiet(false).await;
}

#[tokio::test]
async fn nothing_moves_for_whom_that_is_unpleasant() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    let moves = "[...document.querySelectorAll('*')].filter((it) => {
        const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(it);
        return transitionDuration !== '0s' || animationName !== 'none' || scrollBehavior === 'smooth'; }).length";
    tab.prefer(&[("prefers-reduced-motion", "no-preference")]).await;
    assert_eq!(tab.eval(moves).await, stage.labels.len(), "the bars");
    tab.prefer(&[("prefers-reduced-motion", "reduce")]).await;
    assert_eq!(tab.eval(moves).await, 0);
    tab.was_quiet(false).await;
}

#[tokio::test]
async fn a_long_recording_is_zoomed_and_scrolled() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    let long = stage.folder.path().join("long.wav");
    let sound: Vec<f32> = super::talk_sound().repeat(20);
    std::fs::write(&long, crate::support::wav(&sound)).expect("a recording");
    stage.process(&long, 1).await;
    tab.picture("long").await;
    let seen = "[view.scrollLeft / view.scrollWidth, view.clientWidth / view.scrollWidth]";
    assert_eq!(tab.eval(seen).await, serde_json::json!([0, 1]));
    // A position stays in view while it is zoomed upon.
    tab.click_at("picture", 0.7, 0.3).await;
    let at = tab.text("time").await;
    for _ in 0..4 {
        tab.click("zoom-in").await;
    }
    let seen = tab.eval(seen).await;
    let (from, span) = (seen[0].as_f64().expect("a share"), seen[1].as_f64().expect("a share"));
    assert!((span - 1.0 / 16.0).abs() < 1e-3 && from < 0.7 && 0.7 < from + span, "{seen}");
    assert_eq!(tab.text("time").await, at);
    // A click is where it is seen, and what is sought elsewhere comes into view.
    tab.click_at("picture", 0.5, 0.3).await;
    let position = "Number(document.getElementById('position').value)
        / Number(document.getElementById('position').max)";
    let position = tab.eval(position).await.as_f64().expect("a share");
    // To a frame of half a second.
    let frame = 0.5 / (sound.len() as f64 / f64::from(crate::support::RATE));
    assert!((position - (from + span / 2.0)).abs() <= frame, "{position} {seen}");
    // Taking a picture of all of the page scrolls within it too.
    tab.picture("zoomed").await;
    tab.click("zoom-in").await;
    tab.until("view.scrollLeft > 0").await;
    tab.eval("document.getElementById('position').focus()").await;
    tab.press("Home").await;
    tab.until("view.scrollLeft === 0").await;
    tab.click("zoom-whole").await;
    tab.until("view.scrollWidth === view.clientWidth").await;
    tab.was_quiet(false).await;
}
