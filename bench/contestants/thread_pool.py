"""ThreadPoolExecutor: four threads, each downloads and parses; results are written as they complete."""
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from mill import CONCURRENCY, download, open_output, read_list, to_lines


def mill(url):
    return to_lines(url, download(url))


with open_output(sys.argv[2]) as output, ThreadPoolExecutor(CONCURRENCY) as pool:
    running = set()
    for url in read_list(sys.argv[1]):
        running.add(pool.submit(mill, url))
        if len(running) >= 4 * CONCURRENCY:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                output.write(future.result())
    for future in running:
        output.write(future.result())
