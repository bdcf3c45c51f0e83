"""ProcessPoolExecutor: four processes, each downloads and parses; lines come back through the pool's pipe."""
import sys
from concurrent.futures import ProcessPoolExecutor

from mill import CONCURRENCY, download, open_output, read_list, to_lines


def mill(url):
    return to_lines(url, download(url))


if __name__ == "__main__":
    urls = list(read_list(sys.argv[1]))
    chunk = max(1, min(20, len(urls) // (8 * CONCURRENCY)))
    with open_output(sys.argv[2]) as output, ProcessPoolExecutor(CONCURRENCY) as pool:
        for lines in pool.map(mill, urls, chunksize=chunk):
            output.write(lines)
