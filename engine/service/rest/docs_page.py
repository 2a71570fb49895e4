"""The interactive page at `/docs` and the document at `/openapi.json`, as two public doors.

The page is one file that needs nothing from anywhere else. Script and style are allowed by their
hashes alone, so nothing that a document or an answer says can ever run; text is set as text. A
key pasted into it stays in the page's memory.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from engine.service.rest.call import Call
from engine.service.rest.door import Door, Reply, ReplyAs
from engine.service.rest.openapi import openapi_document

__all__ = ["docs_html", "documentation_doors"]

HTML: Final = "text/html; charset=utf-8"

STYLE: Final = """
:root { color-scheme: light dark; --line: #8885; --soft: #8882; --mark: #2a6df4; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .2rem 0; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
header { position: sticky; top: 0; background: Canvas; border-bottom: 1px solid var(--line);
  padding: .5rem 0; display: flex; gap: .6rem; align-items: center; flex-wrap: wrap; z-index: 1; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .3rem 0; }
summary { cursor: pointer; padding: .45rem .6rem; display: flex; gap: .7rem; align-items: baseline;
  flex-wrap: wrap; }
summary code { font-weight: 600; overflow-wrap: anywhere; } .inside { padding: 0 .8rem .8rem; }
.method { min-width: 4.2rem; font: 600 .8rem ui-monospace, monospace; color: var(--mark); }
.scope { margin-left: auto; font-size: .8rem; opacity: .75; } .about { white-space: pre-wrap; }
label { display: grid; grid-template-columns: 14rem 1fr; gap: .2rem .8rem; margin: .35rem 0; }
label small { grid-column: 2; opacity: .8; }
input, textarea, button { font: inherit; border: 1px solid var(--line); border-radius: 4px;
  padding: .25rem .45rem; background: Field; color: FieldText; min-width: 0; }
textarea { width: 100%; min-height: 9rem; font: .85rem ui-monospace, monospace;
  box-sizing: border-box; }
button { cursor: pointer; padding: .3rem .9rem; } :focus-visible { outline: 2px solid var(--mark); }
pre { background: var(--soft); border-radius: 4px; padding: .6rem; overflow: auto;
  white-space: pre-wrap;
  max-height: 30rem; margin: .3rem 0; font: .82rem/1.4 ui-monospace, monospace; }
@media (max-width: 40rem) { label { grid-template-columns: 1fr; } label small { grid-column: 1; } }
"""

SCRIPT: Final = """
'use strict';
const key = document.getElementById('key'), find = document.getElementById('find');
const list = document.getElementById('list');
let api = {};
function make(tag, words, ...inside) {
  const one = document.createElement(tag);
  for (const [name, value] of Object.entries(words || {})) {
    if (name === 'text') one.textContent = value; else one.setAttribute(name, value);
  }
  one.append(...inside);
  return one;
}
function follow(schema) {
  let one = schema || {};
  for (let hop = 0; one.$ref && hop < 9; hop++) {
    one = one.$ref.slice(2).split('/').reduce((at, part) => (at || {})[part], api) || {};
  }
  return one;
}
function word(schema) {
  const bounds = [];
  if (schema.enum) return schema.enum.map(x => JSON.stringify(x)).join(' | ');
  if (schema.format !== 'int64') {
    if (schema.minimum !== undefined) bounds.push('>= ' + schema.minimum);
    if (schema.maximum !== undefined) bounds.push('<= ' + schema.maximum);
  }
  if (schema.maxLength !== undefined) bounds.push('at most ' + schema.maxLength + ' characters');
  if (schema.format) bounds.push(schema.format);
  const kind = [].concat(schema.type || 'any').join(' | ');
  return kind + (bounds.length ? ' (' + bounds.join(', ') + ')' : '');
}
function shape(schema, pad, depth) {
  const one = follow(schema), next = pad + '  ';
  const many = one.anyOf || one.oneOf;
  if (many) return many.map(x => shape(x, pad, depth)).join(' | ');
  if (depth > 6) return '...';
  if (one.properties) {
    const needed = one.required || [];
    const rows = Object.entries(one.properties).map(([name, inner]) =>
      (inner.description ? next + '// ' + inner.description + '\\n' : '') +
      next + name + (needed.includes(name) ? '' : '?') + ': ' + shape(inner, next, depth + 1));
    return '{\\n' + rows.join('\\n') + '\\n' + pad + '}';
  }
  if (one.items || one.prefixItems) {
    const inner = one.prefixItems ? one.prefixItems : [one.items];
    return '[' + inner.map(x => shape(x, pad, depth + 1)).join(', ') + (one.items ? ', ...]' : ']');
  }
  if (typeof one.additionalProperties === 'object') {
    return '{ any name: ' + shape(one.additionalProperties, next, depth + 1) + ' }';
  }
  return word(one);
}
function sample(schema, depth) {
  const one = follow(schema);
  if (one.default !== undefined) return one.default;
  if (one.enum) return one.enum[0];
  const many = one.anyOf || one.oneOf;
  if (many) return sample(many[many.length - 1], depth);
  if (one.properties && depth < 5) {
    const needed = one.required && one.required.length ? one.required : [];
    return Object.fromEntries(needed.map(name => [name, sample(one.properties[name], depth + 1)]));
  }
  if (one.items && depth < 5) return [sample(one.items, depth + 1)];
  const kind = [].concat(one.type || 'object')[0];
  return { string: '', integer: one.minimum > 0 ? one.minimum : 0, number: 0, boolean: false,
    array: [], object: {}, null: null }[kind];
}
function indented(text) {
  // Set out without parsing: an integer beyond 2^53 must not pass through a float.
  let out = '', pad = '', quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      out += sign;
      if (sign === '\\\\') out += text[++at] || ''; else if (sign === '"') quoted = false;
    } else if (sign === '"') { quoted = true; out += sign;
    } else if (sign === '{' || sign === '[') {
      const close = text[at + 1] === '}' || text[at + 1] === ']';
      if (close) out += sign + text[++at]; else { pad += '  '; out += sign + '\\n' + pad; }
    } else if (sign === '}' || sign === ']') { pad = pad.slice(2); out += '\\n' + pad + sign;
    } else if (sign === ',') out += sign + '\\n' + pad;
    else out += sign === ':' ? ': ' : sign;
  }
  return out;
}
function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, x => x.toString(16).padStart(2, '0')).join('');
}
const quoted = text => "'" + text.replaceAll("'", "'\\\\''") + "'";
function operation(path, method, about) {
  const scope = Object.values((about.security || [])[0] || {}).flat().join(', ');
  const box = make('details', { 'data-words': (method + path + about.summary).toLowerCase() },
    make('summary', {}, make('span', { class: 'method', text: method.toUpperCase() }),
      make('code', { text: path }), make('span', { text: about.summary }),
      make('span', { class: 'scope', text: scope ? 'scope ' + scope : 'public' })));
  box.addEventListener('toggle', () => {
    if (box.open && box.children.length === 1) box.append(inside(path, method, about));
  });
  return box;
}
function inside(path, method, about) {
  const box = make('div', { class: 'inside' },
    make('p', { class: 'about', text: about.description }));
  const fields = (about.parameters || []).map(follow).map(one => {
    const kind = follow(one.schema);
    const input = make('input', { placeholder: kind.default === undefined ? '' : kind.default,
      'aria-label': one.name });
    const told = [one.in, one.required ? 'required' : 'optional', word(kind)].join(', ');
    box.append(make('label', {}, make('span', { text: one.name }), input,
      make('small', { text: told + (one.description ? '. ' + one.description : '') })));
    return { name: one.name, where: one.in, input };
  });
  const media = ((about.requestBody || {}).content || {})['application/json'];
  const body = media ? make('textarea', { 'aria-label': 'body', spellcheck: 'false' }) : null;
  if (media) {
    body.value = JSON.stringify(sample(media.schema, 0), null, 2);
    const told = make('pre', { text: shape(media.schema, '', 0) });
    box.append(make('h3', { text: 'Body' }), told, body);
  }
  const curl = make('pre', {}), answer = make('pre', { 'aria-live': 'polite' });
  const send = make('button', { text: 'Send', type: 'button' });
  function asked() {
    let target = path;
    const query = new URLSearchParams(), headers = {};
    for (const { name, where, input } of fields) {
      if (where === 'path') {
        target = target.replace('{' + name + '}', () => encodeURIComponent(input.value));
      } else if (input.value && where === 'query') query.set(name, input.value);
      else if (input.value) headers[name] = input.value;
    }
    if (key.value && about.security.length) headers.Authorization = 'Bearer ' + key.value.trim();
    if (body && body.value.trim()) headers['Content-Type'] = 'application/json';
    return { url: target + (query.size ? '?' + query : ''), headers };
  }
  function retell() {
    const { url, headers } = asked();
    const shown = { ...headers };
    if (shown.Authorization) shown.Authorization = 'Bearer $KEY';
    const parts = ['curl -X ' + method.toUpperCase() + ' ' + quoted(location.origin + url)];
    for (const [name, value] of Object.entries(shown)) {
      parts.push(name === 'Authorization' ? '-H "' + name + ': ' + value + '"'
        : '-H ' + quoted(name + ': ' + value));
    }
    if (body && body.value.trim()) parts.push('-d ' + quoted(body.value));
    curl.textContent = parts.join(' \\\\\\n  ');
  }
  send.addEventListener('click', async () => {
    const { url, headers } = asked(), writes = method !== 'get';
    if (writes && !headers['Idempotency-Key']) headers['Idempotency-Key'] = fresh();
    const text = writes && body && body.value.trim() ? body.value : undefined;
    answer.textContent = '...';
    try {
      const got = await fetch(url, { method: method.toUpperCase(), headers, body: text });
      const said = await got.text();
      const json = (got.headers.get('Content-Type') || '').includes('json');
      const head = got.status + ' ' + got.statusText + '\\n';
      answer.textContent = head + (json ? indented(said) : said);
    } catch (fault) { answer.textContent = 'no answer: ' + fault.message; }
  });
  box.addEventListener('input', retell);
  key.addEventListener('input', retell);
  retell();
  box.append(make('h3', { text: 'Try' }), curl, send, answer, make('h3', { text: 'Answers' }));
  for (const [status, one] of Object.entries(about.responses)) {
    const told = follow(one), media = (told.content || {})['application/json'];
    box.append(make('p', { text: status + ': ' + told.description }));
    if (media && status < 300) box.append(make('pre', { text: shape(media.schema, '', 0) }));
  }
  return box;
}
find.addEventListener('input', () => {
  for (const one of list.querySelectorAll('details')) {
    one.hidden = !one.dataset.words.includes(find.value.toLowerCase());
  }
});
fetch('/openapi.json').then(got => got.json()).then(document_ => {
  api = document_;
  document.getElementById('about').textContent = api.info.description;
  const groups = new Map(api.tags.map(tag => [tag.name, []]));
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, about] of Object.entries(methods)) {
      groups.get(about.tags[0]).push(operation(path, method, about));
    }
  }
  for (const [name, rows] of groups) list.append(make('h2', { text: name }), ...rows);
}).catch(fault => { list.textContent = 'The document cannot be read: ' + fault.message; });
"""

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>execgraph API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,"><style>{style}</style></head><body>
<header><h1>execgraph</h1>
<input id="key" type="password" placeholder="API key" aria-label="API key" autocomplete="off">
<input id="find" type="search" placeholder="find" aria-label="find an operation"></header>
<p class="about" id="about"></p><main id="list"></main>
<script>{script}</script></body></html>
"""


def docs_html() -> bytes:
    """The whole page; it reads `/openapi.json` of the same server."""
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(SCRIPT)}'",
            f"style-src '{_hash(STYLE)}'",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return PAGE.format(policy=policy, style=STYLE, script=SCRIPT).encode()


def documentation_doors(doors: Iterable[Door], version: str = "1") -> tuple[Door, Door]:
    """`/openapi.json` and `/docs` over these doors; both stand in the document themselves."""
    pages = Documentation()
    own = (
        Door(
            "GET",
            "/openapi.json",
            None,
            pages.openapi_json,
            reply_as=ReplyAs("application/json", dict[str, Any]),
        ),
        Door("GET", "/docs", None, pages.docs, reply_as=ReplyAs("text/html", str)),
    )
    # Written once: the table does not change while a server runs.
    pages.document = msgspec.json.encode(openapi_document((*doors, *own), version))
    return own


class Documentation:
    """The handlers of both doors, over bytes made beforehand."""

    __slots__ = ("document", "html")

    def __init__(self) -> None:
        self.document = b""
        self.html = docs_html()

    async def openapi_json(self, call: Call, query: None, body: None) -> Reply:
        """This API as an OpenAPI 3.1 document."""
        return Reply(self.document)

    async def docs(self, call: Call, query: None, body: None) -> Reply:
        """This API as a page to read and to try."""
        return Reply(self.html, HTML)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
