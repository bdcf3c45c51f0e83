"""The article's program: a producer, worker threads that download and parse, a bounded queue of results, one writer."""
import queue
import sys
import threading

from mill import CONCURRENCY, download, open_output, read_list, to_lines

urls = queue.Queue(maxsize=100)
results = queue.Queue(maxsize=100)
failed = []


def work():
    while (url := urls.get()) is not None:
        try:
            results.put(to_lines(url, download(url)))
        except Exception as error:
            failed.append((url, error))


def produce(threads):
    for url in read_list(sys.argv[1]):
        urls.put(url)
    for _ in threads:
        urls.put(None)
    for thread in threads:
        thread.join()
    results.put(None)


threads = [threading.Thread(target=work) for _ in range(CONCURRENCY)]
for thread in threads:
    thread.start()
threading.Thread(target=produce, args=(threads,)).start()
with open_output(sys.argv[2]) as output:
    while (lines := results.get()) is not None:
        output.write(lines)
for url, error in failed:
    print(url, error, file=sys.stderr)
sys.exit(1 if failed else 0)
