/** Markup that needs no escaping any more. */
export type Html = { readonly markup: string }

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function render(value: unknown): string {
  if (Array.isArray(value)) return value.map(render).join('')
  if (value !== null && typeof value === 'object' && 'markup' in value) return String(value.markup)
  return String(value ?? '').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

/** Template tag: every value is escaped, unless it is itself `Html` or a list of it. */
export function html(strings: TemplateStringsArray, ...values: unknown[]): Html {
  return { markup: strings.map((text, i) => text + (i < values.length ? render(values[i]) : '')).join('') }
}

const STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #8884;vertical-align:top}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.5rem}dt{opacity:.65}dd{margin:0}
time,.whole{white-space:nowrap}a{color:#2563eb}small,.muted{opacity:.65}pre{white-space:pre-wrap;overflow-wrap:anywhere}dd pre,td dl{margin:0}iframe{width:100%;height:34rem;border:1px solid #8886;border-radius:6px;background:#fff}
button{font:inherit;padding:.5rem 1.2rem;border-radius:6px;border:1px solid #8888;cursor:pointer;margin-right:.6rem}`

/** A moment as people read it: `2027-01-15 14:00:05`, in UTC. */
export function at(instant: string | Date): Html {
  const text = typeof instant === 'string' ? instant : instant.toISOString()
  return html`<time datetime="${text}">${text.slice(0, 19).replace('T', ' ')}</time>`
}

/** What is known about one thing, by name; what is empty is left out. */
export function facts(rows: [name: string, value: unknown][]): Html {
  const filled = rows.filter(([, value]) => value !== null && value !== undefined && value !== '')
  return html`<dl>${filled.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

/** A whole page. With `refreshSeconds` it reloads itself. */
export function page(title: string, body: Html, refreshSeconds?: number): string {
  const refresh = refreshSeconds ? html`<meta http-equiv="refresh" content="${refreshSeconds}">` : html``
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
${refresh}<title>${title}</title><style>${{ markup: STYLE }}</style></head><body><h1>${title}</h1>${body}</body></html>`
    .markup
}
