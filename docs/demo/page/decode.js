// Files to mono samples at the model's rate, by the browser's decoders.

// Longest recording, and largest file: the browser decodes all of it into memory.
const LONGEST_S = 600;
const LARGEST = 200 << 20;

const tooLong = () => new Error(`It is longer than ${LONGEST_S / 60} minutes, the limit of this page. The clstm command has no such limit.`);

// The length that the file states, in seconds; NaN or infinite where it states none.
function statedLength(file) {
  const audio = new Audio();
  audio.preload = "metadata";
  const url = URL.createObjectURL(file);
  return new Promise((resolve) => {
    audio.addEventListener("loadedmetadata", () => resolve(audio.duration));
    audio.addEventListener("error", () => resolve(NaN));
    audio.src = url;
  }).finally(() => {
    audio.removeAttribute("src");
    URL.revokeObjectURL(url);
  });
}

// Mean of the channels.
function mixed(sound) {
  const channels = Array.from({ length: sound.numberOfChannels }, (_, i) => sound.getChannelData(i));
  if (channels.length === 1) return channels[0];
  return channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
}

// Decodes a file and resamples it to `rate` Hz. Fails with a message for people.
export async function decode(file, rate) {
  if (file.size > LARGEST) throw new Error(`It is larger than ${LARGEST >> 20} MB, the limit of this page.`);
  if (await statedLength(file) > LONGEST_S) throw tooLong();
  const bytes = await file.arrayBuffer();
  let sound;
  try {
    // Its rate is that of the context.
    sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
  } catch {
    throw new Error("This is not audio, or not in a format that this browser can decode. The clstm command decodes more formats.");
  }
  if (!sound.length) throw new Error("It has no samples.");
  if (sound.duration > LONGEST_S) throw tooLong();
  return mixed(sound);
}
