// Shows openapi.json. All text is inserted as text, never as markup.

const add = (to, tag, text, attributes = {}) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  return to.appendChild(element);
};

/** A description; text between backticks is code. */
const appendText = (to, tag, text, attributes) => {
  const element = add(to, tag, undefined, attributes);
  text?.split("`").forEach((part, i) => {
    if (i % 2) add(element, "code", part);
    else element.append(part);
  });
};

let api;

/** Examples with the address of this server. */
const examples = (server) => [
  ["curl", `curl --data-binary @hello.wav ${server}/v1/recognize
curl -F file=@a.wav -F file=@b.mp3 ${server}/v1/batch
curl --data-binary @call.mp3 '${server}/v1/recognize?timeline=segments'
curl --data-binary @call.wav '${server}/v1/recognize?channels=each'
curl -F file=@talk.wav -F segments=@talk.rttm ${server}/v1/recognize
curl -H 'Authorization: Bearer KEY' ${server}/v1/models`],
  ["Python", `import json, urllib.request

with open("hello.wav", "rb") as file:
    request = urllib.request.Request("${server}/v1/recognize", data=file.read())
# With API keys: request.add_header("Authorization", "Bearer KEY")
with urllib.request.urlopen(request) as response:
    result = json.load(response)
print(result["label"], result["confidence"])`],
  ["Python, live audio (pip install websockets)", `import asyncio, json, websockets

async def main(samples):  # 16-bit mono samples at 16 kHz, little-endian
    url = "${server.replace(/^http/, "ws")}/v1/stream?rate=16000&format=s16le&lookahead=1"
    async with websockets.connect(url) as socket:
        async def send():
            for start in range(0, len(samples), 3200):
                await socket.send(samples[start : start + 3200])
            await socket.send(json.dumps({"end": True}))
        sending = asyncio.create_task(send())
        async for message in socket:
            print(json.loads(message))
        await sending

asyncio.run(main(open("hello.raw", "rb").read()))`],
];

/** Follows a reference. */
const resolve = (value) => {
  if (!value?.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((at, key) => at?.[key], api) ?? value;
};

const nameOf = (reference) => reference.split("/").pop();

/** A type in words, with links to the schemas it names. */
const describe = (to, schema) => {
  if (schema?.$ref) {
    const name = nameOf(schema.$ref);
    add(to, "a", name, { href: `#schema-${name}` });
  } else if (schema?.oneOf || schema?.allOf) {
    const all = schema.oneOf ?? schema.allOf;
    all.forEach((part, i) => {
      if (i > 0) to.append(schema.oneOf ? " or " : " and ");
      describe(to, part);
    });
  } else if (schema?.type === "array") {
    to.append("list of ");
    describe(to, schema.items);
  } else if (schema?.enum) {
    add(to, "code", schema.enum.join(" | "));
  } else if (schema?.const !== undefined) {
    add(to, "code", JSON.stringify(schema.const));
  } else if (schema?.properties) {
    to.append(`object of ${Object.keys(schema.properties).join(", ")}`);
  } else {
    const of = schema?.additionalProperties;
    const type = [schema?.type ?? "anything"].flat().join(" or ");
    to.append(schema?.format ? `${type} (${schema.format})` : type);
    if (of && of !== true) {
      to.append(" of ");
      describe(to, of);
    }
  }
};

const table = (to, caption, heads) => {
  const scroll = add(to, "div", undefined, { class: "scroll" });
  const element = add(scroll, "table");
  add(element, "caption", caption);
  const row = add(add(element, "thead"), "tr");
  heads.forEach((head) => add(row, "th", head, { scope: "col" }));
  return add(element, "tbody");
};

const contents = (to, content) => {
  Object.entries(content ?? {}).forEach(([type, { schema }], i) => {
    if (i > 0) add(to, "br");
    add(to, "code", type);
    to.append(": ");
    describe(to, schema);
  });
};

const route = (path, method, operation) => {
  const id = operation.operationId;
  const segment = add(document.querySelector("#routes"), "section", undefined, {
    class: "card", "aria-labelledby": id,
  });
  const title = add(segment, "h2", undefined, { id });
  add(title, "span", method.toUpperCase(), { class: "method" });
  add(title, "code", path);
  appendText(segment, "p", operation.summary);
  if (operation.description) appendText(segment, "p", operation.description, { class: "quiet" });
  const open = operation.security?.length === 0;
  add(segment, "p", open ? "Without a key." : "With a key, where the server has keys.", { class: "quiet" });
  if (operation.parameters?.length) {
    const body = table(segment, "Parameters", ["Name", "Type", "Meaning"]);
    operation.parameters.map(resolve).forEach((parameter) => {
      const row = add(body, "tr");
      add(add(row, "th", undefined, { scope: "row" }), "code", parameter.name);
      describe(add(row, "td"), parameter.schema);
      appendText(row, "td", parameter.description);
    });
  }
  if (operation.requestBody) {
    add(segment, "h3", "Body");
    contents(add(segment, "p"), operation.requestBody.content);
  }
  const body = table(segment, "Responses", ["Status", "When", "Body"]);
  Object.entries(operation.responses).forEach(([status, reference]) => {
    const response = resolve(reference);
    const row = add(body, "tr");
    add(row, "th", status, { scope: "row" });
    const headers = Object.keys(response.headers ?? {});
    add(row, "td", headers.length ? `${response.description} With ${headers.join(", ")}.` : response.description);
    contents(add(row, "td"), response.content);
  });
  const link = add(add(document.querySelector("#index"), "li"), "a", undefined, { href: `#${id}` });
  add(link, "span", method.toUpperCase(), { class: "method" });
  add(link, "code", path);
};

const schema = (name, of) => {
  const details = add(document.querySelector("#schemas"), "details", undefined, { id: `schema-${name}` });
  add(details, "summary", name);
  if (of.description) appendText(details, "p", of.description, { class: "quiet" });
  if (!of.properties) {
    describe(add(details, "p"), of);
    return;
  }
  const body = table(details, "Fields", ["Name", "Type", "Meaning"]);
  Object.entries(of.properties).forEach(([field, type]) => {
    const row = add(body, "tr");
    const head = add(row, "th", undefined, { scope: "row" });
    add(head, "code", field);
    if (!of.required?.includes(field)) head.append(" (not always)");
    describe(add(row, "td"), type);
    appendText(row, "td", resolve(type)?.description);
  });
};

/** Opens the schema that the address points to. */
const unfold = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  target?.scrollIntoView();
};

examples(location.origin).forEach(([title, code]) => {
  const box = document.querySelector("#examples");
  add(box, "h3", title);
  add(add(box, "pre", undefined, { tabindex: "0", "aria-label": title }), "code", code);
});

try {
  const response = await fetch("../openapi.json");
  if (!response.ok) throw new Error(`status ${response.status}`);
  api = await response.json();
  Object.entries(api.paths).forEach(([path, methods]) => {
    Object.entries(methods).forEach(([method, operation]) => route(path, method, operation));
  });
  Object.entries(api.components.securitySchemes).forEach(([name, scheme]) => {
    const item = add(document.querySelector("#keys"), "li");
    add(item, "code", name);
    item.append(`: ${scheme.description}`);
  });
  Object.entries(api.components.schemas).forEach(([name, of]) => schema(name, of));
  addEventListener("hashchange", unfold);
  unfold();
} catch (error) {
  document.querySelector("#about").append(` It cannot be read: ${error.message}.`);
}
