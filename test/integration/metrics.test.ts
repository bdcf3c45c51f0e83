import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { expect, test } from 'vitest'
import { openMetricsServer } from '../../src/report/metrics/metrics-server.ts'
import { done, failed, RUN_STARTED, retried } from '../support/run-events.ts'

const TIMES = { downloadMs: 60, parseMs: 20, transformMs: 10, creditMs: 3_600_000 }

async function fetchText(url: string, headers: Record<string, string> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; type: string; text: string }>()
  get(url, { headers }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (part) => {
      text += part
    })
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
    )
  }).on('error', reject)
  return promise
}

test('a scrape gives what the events say, in the text format of OpenMetrics', async () => {
  const server = await openMetricsServer(0)
  try {
    const { counts } = server
    counts.add(RUN_STARTED)
    counts.add({ type: 'attempt-ended', at: 1, id: 0, attempt: 1, thread: 1, status: 'done', times: TIMES })
    counts.add(done(2, 0, { wireBytes: 500, decodedBytes: 2000, recordsWritten: 7, recordsRejected: 1 }))
    counts.add(retried(3, 1, 'STALLED'))
    counts.add(failed(4, 1, 'HTTP_REFUSED'))
    counts.add({
      type: 'load-sampled',
      at: 250,
      hold: 'slots',
      downloading: 3,
      attempting: 5,
      pending: 42,
      heldMs: { slots: 200, rate: 50 },
      threadMs: 800,
      slotMs: 700,
      writeMs: 10,
      loopDelayMs: 12,
    })
    const { status, type, text } = await fetchText(server.url)
    // The counts are the run's, and not those of the scrapes.
    const again = await fetchText(server.url)
    const ours = (of: string) => of.split('\n').filter((line) => line.startsWith('xmlmill_'))
    expect(ours(again.text)).toEqual(ours(text))
    expect(status).toBe(200)
    expect(type).toContain('application/openmetrics-text')
    expect(text.endsWith('# EOF\n')).toBe(true)
    const lines = text.split('\n')
    for (const line of [
      'xmlmill_documents_total{outcome="done"} 1',
      'xmlmill_documents_total{outcome="failed"} 1',
      'xmlmill_document_failures_total{code="HTTP_REFUSED"} 1',
      'xmlmill_retries_total{code="STALLED"} 1',
      'xmlmill_records_total{outcome="written"} 7',
      'xmlmill_records_total{outcome="rejected"} 1',
      'xmlmill_document_bytes_total{form="wire"} 500',
      'xmlmill_document_bytes_total{form="decoded"} 2000',
      'xmlmill_slots 4',
      'xmlmill_slots_in_use 3',
      'xmlmill_documents_in_threads 5',
      'xmlmill_queue_length 42',
      'xmlmill_main_loop_delay_seconds 0.012',
      'xmlmill_hold_seconds_total{reason="rate"} 0.05',
      'xmlmill_step_duration_seconds_bucket{le="0.1",step="download"} 1',
      'xmlmill_step_duration_seconds_bucket{le="0.02",step="download"} 0',
      'xmlmill_step_duration_seconds_count{step="transform"} 1',
      'xmlmill_step_duration_seconds_sum{step="credit"} 3600',
      'xmlmill_step_duration_seconds_bucket{le="1800",step="credit"} 0',
      'xmlmill_step_duration_seconds_bucket{le="+Inf",step="credit"} 1',
      'xmlmill_document_size_bytes_bucket{le="1000"} 0',
      'xmlmill_document_size_bytes_bucket{le="10000"} 1',
      'xmlmill_document_size_bytes_sum 2000',
    ]) {
      expect(lines).toContain(line)
    }
    // OpenMetrics: a counter's family is named without its _total.
    expect(lines).toContain('# TYPE xmlmill_documents counter')
    const ofProcess = (name: string) => Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1])
    expect(ofProcess('process_cpu_seconds_total')).toBeGreaterThan(0)
    expect(ofProcess('process_resident_memory_bytes')).toBeGreaterThan(1e6)
    // It is measured before it is told: without a measurement it is 292 years.
    expect(ofProcess('nodejs_eventloop_lag_min_seconds')).toBeLessThan(60)
  } finally {
    await server.close()
  }
})

test('a page elsewhere cannot read them under a name of its own', async () => {
  const server = await openMetricsServer(0)
  try {
    expect((await fetchText(server.url, { host: 'evil.example' })).status).toBe(403)
    expect((await fetchText(server.url.replace('/metrics', '/'))).status).toBe(404)
  } finally {
    await server.close()
  }
})

test('a port that is taken is refused by its flag', async () => {
  const server = await openMetricsServer(0)
  try {
    const port = Number(new URL(server.url).port)
    await expect(openMetricsServer(port)).rejects.toMatchObject({
      code: 'PORT_UNAVAILABLE',
      message: expect.stringContaining('--metrics'),
    })
  } finally {
    await server.close()
  }
})

test('the dashboard for Grafana asks only for metrics that there are', async () => {
  const dashboard = readFileSync(new URL('../../examples/grafana-dashboard.json', import.meta.url), 'utf8')
  const asked = new Set(dashboard.match(/\b(?:xmlmill|process|nodejs)_[a-z0-9_]+/g))
  const server = await openMetricsServer(0)
  try {
    const { text } = await fetchText(server.url)
    const families = new Set(Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name))
    const missing = [...asked].filter((name) => {
      const family = name.replace(/_(?:total|bucket|sum|count)$/, '')
      return !families.has(name) && !families.has(family)
    })
    expect(missing).toEqual([])
    expect(asked.size).toBeGreaterThan(10)
  } finally {
    await server.close()
  }
})
