import { expect, test } from 'vitest'
import { testDownloader } from '../support/downloader.ts'
import { serve } from '../support/serve.ts'

const XML = '<a><b>text</b></a>'

test('gives the bytes, the facts of the answer, and one call when the last byte is here', async () => {
  await using site = await serve({
    '/a': (_, response) =>
      response
        .writeHead(200, { 'content-type': 'text/xml; Charset="ISO-8859-1"', etag: '"1"', 'content-length': XML.length })
        .end(XML),
  })
  await using client = testDownloader()
  expect(await client.fetch(site.url('/a'))).toEqual({
    text: XML,
    chunks: 1,
    downloadedCalls: 1,
    finalUrl: site.url('/a'),
    status: 200,
    wireBytes: XML.length,
    charset: 'iso-8859-1',
    etag: '"1"',
    contentLength: XML.length,
  })
})
