"""A name server that loses queries at random and answers the others after 20 ms.

Names are `l<lookup>-p<process>.<zone>`, with an element of the search list appended or not; the process says
with which probability its queries are lost. Each loss is a function of (seed, process, lookup, name, server,
type, how often it was asked), so that it does not depend on the order in which processes run.

Usage: server.py SEED PROCESSES LOG ADDRESS...
PROCESSES is a file of lines `process probability`; LOG gets one line for each query:
time lookup process server port type name dropped.
"""
import hashlib
import heapq
import select
import socket
import struct
import sys
import time

ANSWER_AFTER = 0.020
SO_TIMESTAMPNS = 35
A, AAAA, NXDOMAIN = 1, 28, 3


def main():
    seed, processes, log_file, *addresses = sys.argv[1:]
    lines = [line.split() for line in open(processes)]
    probability = {process: float(p) for process, p in lines}
    log = open(log_file, "w", buffering=1)
    poll = select.epoll()
    sockets = {}
    for index, address in enumerate(addresses):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        one.setblocking(False)
        one.bind((address, 53))
        sockets[one.fileno()] = (one, index + 1)
        poll.register(one, select.EPOLLIN)
    print("ready", flush=True)

    asked = {}
    answers = []  # (time, order, socket, message, to)
    order = 0
    while True:
        wait = max(0, answers[0][0] - time.monotonic()) if answers else 1
        for number, _ in poll.poll(wait):
            one, server = sockets[number]
            while True:
                try:
                    query, ancillary, _, sender = one.recvmsg(512, 64)
                except BlockingIOError:
                    break
                seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
                name, question, end = question_of(query)
                lookup, process = name.split(".")[0].split("-")
                key = f"{seed} {process} {lookup} {name} {server} {question}"
                asked[key] = asked.get(key, 0) + 1
                dropped = uniform(f"{key} {asked[key]}") < probability[process]
                if not dropped:
                    message = answer(query, name, question, end)
                    heapq.heappush(answers, (time.monotonic() + ANSWER_AFTER, order, one, message, sender))
                    order += 1
                kind = {A: "A", AAAA: "AAAA"}[question]
                at = seconds * 1_000_000_000 + nanoseconds
                log.write(f"{at} {lookup} {process} {server} {sender[1]} {kind} {name} {int(dropped)}\n")
        while answers and answers[0][0] <= time.monotonic():
            _, _, one, message, sender = heapq.heappop(answers)
            one.sendto(message, sender)


def uniform(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / (1 << 56)


def question_of(query):
    labels, at = [], 12
    while query[at] != 0:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    (question,) = struct.unpack(">H", query[at + 1 : at + 3])
    return ".".join(labels).lower(), question, at + 5


def answer(query, name, question, end):
    """The name as given exists, with one address of each family; those of the search list do not."""
    exists = name.endswith(".lossy.test")
    data = b"\xc0\x00\x02\x01" if question == A else bytes.fromhex("20010db8000000000000000000000001")
    record = struct.pack(">HHHIH", 0xC00C, question, 1, 60, len(data)) + data if exists else b""
    flags = 0x8180 if exists else 0x8180 | NXDOMAIN
    return query[:2] + struct.pack(">HHHHH", flags, 1, int(exists), 0, 0) + query[12:end] + record


main()
