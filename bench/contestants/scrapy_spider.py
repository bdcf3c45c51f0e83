"""Scrapy: one spider, four requests at once, lxml on the body; lines are written as responses come."""
import sys

import scrapy
from mill import CONCURRENCY, open_output, read_list, to_lines
from scrapy.crawler import CrawlerProcess

output = open_output(sys.argv[2])


class Mill(scrapy.Spider):
    name = "mill"
    custom_settings = {
        "CONCURRENT_REQUESTS": CONCURRENCY,
        "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY,
        "DOWNLOAD_MAXSIZE": 0,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": False,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
    }

    async def start(self):
        for url in read_list(sys.argv[1]):
            yield scrapy.Request(url, dont_filter=True)

    def start_requests(self):
        for url in read_list(sys.argv[1]):
            yield scrapy.Request(url, dont_filter=True)

    def parse(self, response):
        output.write(to_lines(response.url, response.body))


process = CrawlerProcess()
process.crawl(Mill)
process.start()
output.close()
