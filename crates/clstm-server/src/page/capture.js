// Samples of the microphone.

const KNOWN = { NotAllowedError: "The browser does not allow the microphone.", NotFoundError: "There is no microphone." };

// Opens the microphone; fails with a message for people. `start` calls its argument with a tenth of a second of samples at
// a time, at `rate` Hz.
export async function openMicrophone() {
  let microphone;
  let context;
  const close = () => {
    microphone?.getTracks().forEach((track) => track.stop());
    context?.close();
  };
  try {
    if (!navigator.mediaDevices) throw new Error("Browsers allow the microphone only on this machine or over https.");
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    microphone = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, ...plain } });
    context = new AudioContext();
    await context.audioWorklet.addModule("recorder.js");
    const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    context.createMediaStreamSource(microphone).connect(recorder);
    const start = (receive) => { recorder.port.onmessage = ({ data }) => receive(data); };
    return { rate: context.sampleRate, start, close };
  } catch (error) {
    close();
    throw new Error(KNOWN[error.name] ?? error.message);
  }
}
