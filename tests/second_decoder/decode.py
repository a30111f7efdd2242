#!/usr/bin/env python3
"""A second decoder of model-coded .lig files, written from docs/FORMAT.md and docs/MODEL-FORMAT.md alone.

    decode.py FILE > LOG

It is slow (some kilobytes a second), checks no checksums, and reads streams of model-coded and literal stored blocks only.
What it is for: if it and the program differ, the page or the program is wrong."""
import os
import sys

from predict import M32, Bad, Coder, Memory, Predictor, Told, fold, hash_bytes, held, join, signed, spread

# What is known of a value ------------------------------------------------------------------------------------------

class Known:
    def __init__(self):
        self.slot = self.around = self.before = self.surprise = 0
        self.parents = [(0, 0, 0)] * 4  # hash, place in the pool, number


def number_in(value):
    end = len(value)
    while end and not 48 <= value[end - 1] <= 57:
        end -= 1
    start = end
    while start and 48 <= value[start - 1] <= 57:
        start -= 1
    digits = value[max(start, end - 18):end]
    return int(digits) if digits else 0


class Column:
    def __init__(self, values, surprises=None, numbers=None):
        self.values = values
        self.surprises = surprises or [0] * len(values)
        self.numbers = numbers or [number_in(v) for v in values]


class Shape:
    def __init__(self, templates, columns):
        self.templates, self.slots, self.keywords, at = templates, [], {}, 0
        for text in templates:
            own, start = [], 0
            for i, byte in enumerate(text):
                if byte < 2:
                    column = columns[at]
                    self.keywords.setdefault(column, hash_bytes(text[start:i][-12:]))
                    own.append(column)
                    at, start = at + 1, i + 1
            self.slots.append(own)


# The model ---------------------------------------------------------------------------------------------------------

def run_class(run):
    return run if run < 4 else 4 if run < 8 else 5 if run < 16 else 6 if run < 64 else 7


def class_of(d):
    return 0 if d == 0 else 2 * abs(d).bit_length() - (1 if d > 0 else 0)


class Place:
    def __init__(self):
        self.value = self.stride = self.classes = 0
        self.numbers, self.d = [0] * 4, [0, 0, 0]

    def push(self, value, d, cls, known):
        self.stride, self.value = signed(value - self.value), value
        self.numbers = [n for _, _, n in known.parents]
        self.d = [d] + self.d[:2]
        self.classes = (self.classes << 8 | cls) & M32


def scaled(n, power):
    found = n * 10 ** power if power >= 0 else n // 10 ** -power
    return found if -(1 << 63) <= found < 1 << 63 else 0


class Unit:
    """How a number converts to another."""

    def __init__(self):
        self.power, self.origin, self.right = 0, 0, False

    def converted(self, n):
        return signed(scaled(n, self.power) + self.origin)

    def learn(self, n, value, growth, grown):
        rest = signed(value - self.converted(n))
        if abs(rest) < 10 ** max(self.power, 0):
            self.origin, self.right = signed(self.origin + min(rest, 0)), True
        elif self.right:
            self.right = False
        else:
            if growth and grown:
                self.power = min(range(-9, 10), key=lambda power: abs(grown - scaled(growth, power)))
            self.origin = signed(value - scaled(n, self.power))


class Own(Place):
    def __init__(self):
        super().__init__()
        self.right, self.far, self.ratio = [0] * 20, [8192] * 20, [(0, 0), (0, 0)]

    def scaled(self, i, n):
        q, v = self.ratio[i]
        if q == 0:
            return 0
        product = n * v
        if q < 0:
            product, q = -product, -q
        found = (2 * product + q) // (2 * q)
        return found if -(1 << 63) <= found < 1 << 63 else 0

    def experts(self, last, known):
        n = [n for _, _, n in known.parents]
        told = lambda v, i: v.value + n[i] - v.numbers[i]
        all = [self.value, last.value, self.value + self.stride, last.value + last.stride] + n
        all += [told(self, 0), told(self, 1), told(self, 2), told(last, 0), told(last, 1), told(last, 3)]
        all += [self.scaled(0, n[0]), self.scaled(1, n[1])]
        all += [n[0] + n[1], n[1] - n[0], n[0] - n[1], n[2] - n[1] - n[0]]
        return [signed(e) for e in all]

    def learn(self, experts, value, known):
        for i, expert in enumerate(experts):
            bits = abs(signed(value - expert)).bit_length()
            self.right[i] += (65535 - self.right[i]) >> 4 if bits == 0 else -(self.right[i] >> 4)
            self.far[i] += 32 * bits - (self.far[i] >> 3)
        for i in range(2):
            n = known.parents[i][2]
            if abs(n) >= abs(self.ratio[i][0]) or self.far[14 + i] > 2560:
                self.ratio[i] = (n, value)


def highest(scores):
    best = max(scores)
    return scores.index(best) if best > 0 else 0


class Model:
    def __init__(self, kind, m, data):
        few = kind == 1
        mixers = 3 if few else 4
        self.m, self.coder, self.memory = m, Coder(data), Memory(m)
        self.ask = Predictor(6 if few else 15, m, few, mixers)
        self.index = Predictor(5 if few else 11, m, few, mixers)
        self.number = Predictor(8 if few else 25, m, few, mixers)
        self.meta = Predictor(4, m, few, mixers)
        self.spell = Predictor(7 if few else 27, m, few, mixers)
        self.span, self.span_min = Predictor(6 if few else 10, m, True, mixers), 0 if few else 32
        self.last, self.trust = {}, {}
        self.pool, self.columns, self.nodes = bytearray(b"\n"), 15, 0
        self.spelled, self.seen = bytearray(), {}
        self.start()

    # Integers

    def coded(self, predictor, column, hashes, heard=(), who=0):
        classes = [class_of(d) for _, d in heard]

        def part(pick, prefix, bits, says):
            with_ = [join(h, says[i] * 16 + pick) for i, (h, _) in enumerate(heard)]
            if heard:
                with_.append(join(who, (says[0] * 32 + says[1]) * 16 + pick))
            with_ += [join(h, prefix) for h in hashes]
            return predictor.symbol(self, with_, pick, column, (says[0] if heard else 16) * 8 | pick, bits)

        cls = part(0, 0, 4, [min(c, 15) for c in classes])
        if cls == 15:
            high = part(1, 1, 4, [c >> 4 for c in classes])
            low = part(2, 2 + high, 4, [c & 15 if c >> 4 == high else 16 for c in classes])
            cls = held(high << 4 | low, 1, 128)
        if cls == 0:
            return 0, 0
        length = (cls + 1) // 2
        left, f = length - 1, 1
        while left:
            bits = min(left, 4)
            left -= bits
            pick = min(3 + (length - 1 - left) // 4, 7)
            says = []
            for (_, d), c in zip(heard, classes):
                top = abs(d) >> left
                says.append(top & (1 << bits) - 1 if c == cls and top >> bits == f else 16)
            f = f << bits | part(pick, join(cls, fold(f) ^ 0x4000), bits, says)
        return signed(-f if cls % 2 == 0 else f), cls

    def plain(self, what, a, b, c):
        base = join(what, 0x706C6169)
        hashes = [base, join(base, a), join(base, 1, b), join(base, 2, c)]
        return self.coded(self.meta, M32, hashes)[0] & (1 << 64) - 1

    def numbers(self, column, keyword, base_tag, contexts, per_second=0):
        base, last, places = join(column, 0x6E756D62), Place(), [Own() for _ in range(64)]
        w = lambda i, x: join(base, i, x)
        values, surprises, unit = [], [], Unit()
        for known in contexts:
            own = places[known.slot % 64]
            n = [n for _, _, n in known.parents]
            i = {6: 0, 7: 1, 8: 2, 10: 3}.get(base_tag)
            if base_tag > 10:
                expected = unit.converted(n[base_tag - 11])
            elif i is not None:
                expected = signed(last.value + n[i] - last.numbers[i])
            else:
                expected = {0: 0, 1: last.value, 2: own.value, 3: n[0], 4: n[1], 5: n[2], 9: n[3]}[base_tag]
            experts = own.experts(last, known)
            first = highest([0 if e == expected else own.right[i] + 1 for i, e in enumerate(experts)])
            second = highest([0 if e == experts[first] else own.right[i] + 1 for i, e in enumerate(experts)])
            near = own.far.index(min(own.far))
            who = [16 * first + (own.right[first] + 1 >> 12), 16 * second + (own.right[second] + 1 >> 12)]
            who.append(64 * near + (own.far[near] >> 9))
            heard = [(join(base, 20 + i, who[i]), signed(experts[e] - expected)) for i, e in enumerate((first, second, near))]
            g0, g1 = (class_of(signed(n[i] - last.numbers[i])) for i in range(2))
            grown = fold(signed(n[0] - last.numbers[0]))
            phase = lambda size, count: fold(last.value // ((per_second or 1) * size) % count if per_second else last.value % (size * count))
            p = [h for h, _, _ in known.parents]
            d1, d2, d3 = (fold(d) for d in last.d)
            c, slot = last.classes, known.slot
            hashes = [
                w(1, c & 0xFFFF), w(2, slot), join(w(7, slot), own.classes & 255), join(w(14, slot), g0, g1),
                join(w(3, p[0]), slot), base, w(4, d1), join(w(5, d1), d2), w(6, c & 255), join(w(8, p[0]), p[1]),
                join(0x6B657977, keyword, c & 255), w(9, fold(last.value)), join(w(10, known.around), slot),
                join(w(11, p[2]), p[1]), join(w(12, fold(own.value)), join(known.surprise, d3)),
                join(w(13, known.before), slot, c & 255), join(w(15, slot), grown), join(w(16, slot), fold(own.d[0]), g0),
                w(17, phase(1, 60)), join(w(18, phase(10, 30)), slot), w(19, phase(60, 60)),
            ]
            d, cls = self.coded(self.number, column, hashes, heard, join(base, 23, 64 * first + second))
            value = signed(expected + d)
            surprises.append((d != last.d[0]) + (cls != last.classes & 255))
            own.learn(experts, value, known)
            if base_tag > 10:
                i = base_tag - 11
                unit.learn(n[i], value, signed(n[i] - last.numbers[i]), signed(value - last.value))
            last.push(value, d, cls, known)
            own.push(value, d, cls, known)
            values.append(value)
        return values, surprises

    # Sequences

    def sequence(self, column, contexts):
        x, ranks, distinct, things, surprises, clock = [0] * 5, 0, 0, [], [], 0
        for known in contexts:
            p = [h for h, _, _ in known.parents]
            base = join(column, 0x6D656D6F)
            w = lambda i, v: join(base, i, v)
            waited = class_of(signed(known.parents[3][2] - clock))
            clock = known.parents[3][2]
            hashes = [
                w(1, x[0]), join(w(2, x[0]), x[1]), join(w(3, p[0]), known.slot), join(w(4, p[0]), p[1], p[2]), w(5, known.slot),
                join(w(6, x[0]), known.slot), join(w(7, x[0]), x[1], join(x[2], x[3])), join(w(8, p[0]), x[0]),
                join(w(9, x[0]), x[1], join(x[2], x[3]), x[4]),
            ]
            slots = [spread(h) % (1 << self.m - 2) for h in hashes]
            entries = [self.last.get(s, (0, 0)) for s in slots]
            keys = [(column % 256, i, run_class(run)) for i, (_, run) in enumerate(entries)]
            found = {}
            for i, (entry, run) in enumerate(entries):
                if 0 < entry <= distinct:
                    it = found.setdefault(entry - 1, [0, 0, 0])
                    it[0] += 1 + 65536 // (65536 - self.trust.get(keys[i], 32768))
                    it[1] |= 1 << i
                    it[2] = max(it[2], run_class(run))
            best = sorted(found.items(), key=lambda it: -it[1][0])[:3]
            thing, rank = None, 3
            for number, (candidate, (_, voters, run)) in enumerate(best):
                if self.asked(column, known, x, ranks, waited, number, candidate, voters, run):
                    thing, rank = candidate, number
                    break
            if thing is None:
                if distinct == 0 or self.asked(column, known, x, ranks, waited, 3, distinct, len(best), 0):
                    thing, distinct = distinct, distinct + 1
                else:
                    thing = min(self.indexed(column, known, x, distinct), distinct - 1)
            for slot, (entry, run), key in zip(slots, entries, keys):
                trust = self.trust.get(key, 32768)
                right = entry == thing + 1
                self.trust[key] = trust + (65535 - trust >> 4) if right else trust - (trust >> 4)
                self.last[slot] = (thing + 1, min(run + 1, 255) if right else 0)
            x = [thing + 1] + x[:4]
            ranks = (ranks << 2 | rank) & 0xFFFF
            things.append(thing)
            surprises.append(rank)
        return things, surprises, distinct

    def asked(self, column, known, x, ranks, waited, rank, thing, voters, run):
        base = join(column, 0x61736B + rank)
        w = lambda v: join(base, v)
        p, slot, votes = [h for h, _, _ in known.parents], known.slot, 8 * voters + run
        hashes = [
            join(w(thing), x[0]), w(votes), join(w(ranks & 255), voters), join(w(p[0]), thing), join(w(slot), thing), w(thing),
            join(w(known.surprise), votes), join(w(p[1]), p[0], thing), join(rank, votes, 0x766F7465), join(w(known.around), slot),
            join(w(ranks), 1), join(w(x[0]), x[1], thing), join(w(p[2]), thing), join(w(slot), ranks & 15, run),
            join(w(waited), 2, votes),
        ]
        return self.ask.symbol(self, hashes, rank, column, slot, 1)

    def indexed(self, column, known, x, distinct):
        base, index = join(column, 0x696E6478), 0
        w = lambda v: join(base, v)
        p, slot = [h for h, _, _ in known.parents], known.slot
        for n in reversed(range(((distinct - 1).bit_length() + 3) // 4)):
            a = join(index + 1, n)
            hashes = [
                join(w(x[0]), a), join(w(p[0]), a), join(w(slot), a), join(base, a), join(w(x[0]), x[1], a), join(w(p[0]), p[1], a),
                join(w(slot), x[0], a), join(w(p[1]), 1, a), join(w(p[2]), 2, a), join(w(x[0]), x[1], x[2], a), join(w(p[0]), x[0], a),
            ]
            index = index << 4 | self.index.symbol(self, hashes, min(n, 5), column, slot, 4)
        return index

    # Text

    def text(self, column, keyword, contexts):
        values, before = [], b""
        for known in contexts:
            before = Spelling(self, column, keyword, known, before).value()
            values.append(before)
        return values

    def start(self):
        coder, self.coder, before = self.coder, Told(), b""
        with open(os.path.join(os.path.dirname(__file__), "../../src/model/words.txt"), "rb") as file:
            lines = file.read().translate(bytes.maketrans(b"~^", b"\0\1")).splitlines()
        for line in lines:
            before = Spelling(self, 0, 0x74656D70, Known(), before).value(line + b"\n")
        self.coder = coder

    # Columns

    def next_column(self):
        self.columns += 1
        return self.columns

    def templates(self, depth):
        count = self.plain(16, 0, 0, 0)
        self.next_column()
        texts = self.text(depth, 0x74656D70, [Known()] * count)
        slots, columns = [], 0
        for text in texts:
            last = start = 0
            for i, byte in enumerate(text):
                if byte < 2:
                    last = self.plain(18 + depth, last, hash_bytes(text[:i]), hash_bytes(text[start:i]))
                    slots.append(columns if last == 0 else last - 1)
                    columns += last == 0
                    start = i + 1
        return Shape(texts, slots)

    def table(self, shape, outer, keyword, depth):
        ids = self.sequence(self.next_column(), outer)[0]
        rows = [[None] * len(shape.slots[t]) for t in ids]  # (hash, place in the pool, number, surprise, value)
        for column in range(len(shape.keywords)):
            places = [(r, s) for r, t in enumerate(ids) for s, c in enumerate(shape.slots[t]) if c == column]
            contexts = [self.known(shape, ids, rows, outer, r, s) for r, s in places]
            coded = self.column(contexts, join(keyword, shape.keywords[column]), depth)
            for (r, s), value, surprise, number in zip(places, coded.values, coded.surprises, coded.numbers):
                rows[r][s] = (hash_bytes(value), len(self.pool), number, surprise, value)
                self.pool += value + b"\n"
        lines = []
        for t, row in zip(ids, rows):
            values = iter(row)
            lines.append(b"".join(next(values)[4] if b < 2 else bytes([b]) for b in shape.templates[t]))
        self.ids = ids
        return lines

    def repeats(self, rows, count):
        ids, out, behind, lengths, last = self.ids, [], {}, {}, 0
        for k, row in enumerate(rows):
            before = behind.get(row)
            out.append(k)
            behind[row] = len(out)
            if before is None:
                continue
            hint = 0
            for source in out[before:before + 64]:
                if k + 1 < len(ids) and ids[source] == ids[k + 1]:
                    break
                hint += 1
            then = lengths.get(row, 0)
            length = self.plain(32, join(hint, then), hint, join(then, last))
            last, lengths[row] = length, length + 1
            if len(out) + length > count:
                raise Bad("more rows than the block has")
            for at in range(before, before + length):
                out.append(out[at])
                behind[rows[out[at]]] = len(out)
        if len(out) != count:
            raise Bad("fewer rows than the block has")
        return [rows[k] for k in out]

    def known(self, shape, ids, rows, outer, r, s):
        columns, row, out, known = shape.slots[ids[r]], rows[r], outer[r], Known()
        id_ = lambda r: ids[r] + 1 if 0 <= r < len(ids) else 0
        known.slot = join(out.slot, id_(r), s)
        known.around = join(out.around, id_(r - 1), id_(r + 1))
        known.before = join(out.before, id_(r - 1))
        lower = [q for q in list(range(s - 1, -1, -1)) + list(range(s + 1, len(columns))) if columns[q] < columns[s]]
        parents = (lower + [None] * 3)[:3] + [next((q for q, c in enumerate(columns) if c < columns[s]), None)]
        known.surprise = row[parents[0]][3] if parents[0] is not None else out.surprise
        others, known.parents = iter(out.parents), []
        for q in parents:
            if q is None:
                known.parents.append(next(others))
            else:
                h, place, number = row[q][:3]
                known.parents.append((join(h, q - s & M32), place, number))
        return known

    def column(self, contexts, keyword, depth):
        number = self.next_column()
        node = self.plain(1, depth, self.nodes, keyword)
        self.nodes = (self.nodes << 4 | node) & 0xFFFF
        if node == 0:
            return Column(self.text(0, 0, [Known()]) * len(contexts))
        if node == 1:
            return Column(self.text(number, keyword, contexts))
        if node == 2:
            return self.digits(number, contexts, keyword)
        if node == 3:
            return self.times(number, contexts, keyword)
        if node == 4:
            things, surprises, distinct = self.sequence(number, contexts)
            firsts = [things.index(t) for t in range(distinct)]
            entries = self.column([contexts[f] for f in firsts], keyword, depth + 1).values
            return Column([entries[t] for t in things], surprises)
        if node == 5:
            return Column(self.table(self.templates(depth + 1), contexts, keyword, depth + 1))
        raise Bad(f"node {node}")

    def digits(self, column, contexts, keyword):
        base, width = (self.plain(17, 1, keyword, 0) for _ in range(2))
        tag = self.plain(17, 2, 0, 0)
        widths = [width] * len(contexts)
        if width == 255:
            widths = self.numbers(column, keyword, 0, contexts)[0]
        values, surprises = self.numbers(column, keyword, tag, contexts)
        form = ["d", "x", "X"][base]
        printed = [("-" if v < 0 else "") + format(abs(v), form).rjust(w, "0") for v, w in zip(values, widths)]
        return Column([p.encode() for p in printed], surprises, values)

    def times(self, column, contexts, keyword):
        layouts = []
        for _ in range(self.plain(16, 0, 0, 0)):
            codes = []
            for _ in range(self.plain(16, 0, 0, 0)):
                codes.append(self.plain(17, 3, codes[-1] if codes else 0, 0))
            layouts.append(codes)
        tag = self.plain(17, 2, 0, 0)
        chosen = [0] * len(contexts)
        if len(layouts) > 1:
            chosen = self.sequence(column ^ 0x80000000, contexts)[0]
        digits = [max([c - 16 for c in codes if 16 < c < 32], default=0) for codes in layouts]
        ticks, surprises = self.numbers(column, keyword, tag, contexts, 10 ** max(digits, default=0))
        values = []
        for tick, layout in zip(ticks, chosen):
            coarser = 10 ** (max(digits) - digits[layout])
            own = tick // coarser if tick >= 0 else -(-tick // coarser)
            values.append(print_time(layouts[layout], own, 10 ** digits[layout]))
        return Column(values, surprises, ticks)


MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def print_time(codes, tick, per_second):
    seconds, fraction = divmod(tick, per_second)
    days, second = divmod(seconds, 86400)
    z = days + 719468  # days since 0000-03-01
    era, doe = divmod(z, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    day, month = doy - (153 * mp + 2) // 5 + 1, mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (month <= 2)
    out = ""
    for code in codes:
        if code >= 32:
            out += chr(code)
        elif code > 16:
            out += str(fraction).rjust(code - 16, "0")
        else:
            out += [
                "", f"{year:04}", f"{month:02}", MONTHS[3 * month - 3:3 * month], f"{day:02}", f"{day:2}",
                "ThuFriSatSunMonTueWed"[days % 7 * 3:days % 7 * 3 + 3], f"{second // 3600:02}", f"{second // 60 % 60:02}",
                f"{second % 60:02}", f"{year % 100:02}",
            ][code]
    return out.encode("latin-1")


def is_delimiter(byte):
    return byte < 128 and not chr(byte).isalnum()


class Spelling:
    """One value of text."""

    def __init__(self, model, column, keyword, known, before):
        self.model, self.column, self.keyword, self.known, self.before = model, column, keyword, known, before
        self.pointer, self.equal = 0, 1
        self.word = self.word1 = self.so_far = self.part = self.part1 = self.part2 = self.shape = self.length = 0
        self.tail = bytes(6)
        self.copied = [[known.parents[i][1], 0] for i in range(2)]
        self.match, self.match_len = 0, 0
        self.asked, self.refuted, self.delimiters = 1, 0, 0

    def value(self, told=b""):
        """The value; told, where it is known with its end, to a model that learns from it."""
        out, asks = bytearray(), True
        while True:
            span = self.foretold() if asks and self.match_len >= self.model.span_min else None
            if span and self.ask(span, told[len(out):len(out) + len(span[0])]):
                new, asks = span[0], True
            else:
                new = bytes([self.byte(told[len(out):len(out) + 1])])
                asks = is_delimiter(new[0])
            for byte in new:
                self.find_match(byte)
                if byte == 10:
                    return bytes(out)
                out.append(byte)
                self.push(byte)

    def foretold(self):
        if self.match_len >= 8:
            rest, least = self.model.spelled[self.match:self.match + 32], 0 if self.match_len < 16 else 12 if self.match_len < 32 else 24
            pick = min(self.match_len, 255).bit_length() - 2
        elif self.pointer <= len(self.before):
            rest, least, pick = (self.before[self.pointer:] + b"\n")[:32], 0, 0
        else:
            return None
        n = 0
        while n < len(rest):
            if n and is_delimiter(rest[n - 1]) and not is_delimiter(rest[n]) and n >= least:
                break
            n += 1
            if rest[n - 1] == 10:
                break
        return bytes(rest[:n]), pick

    def ask(self, span, told):
        (data, pick), model, base = span, self.model, join(self.column, 0x7370616E)
        w = lambda i, x: join(base, i, x)
        g = lambda i, x: join(0x7370676C, i, x)
        h = 0
        for byte in data:
            h = join(h, byte + 1)
        c, p = 16 * pick + min(self.match_len, 15), [h for h, _, _ in self.known.parents]
        hashes = [
            join(w(1, h), c), join(w(2, c), self.asked & 7), join(w(3, self.so_far), h), join(w(4, self.known.slot), self.delimiters),
            join(g(5, c), len(data), self.asked & 15), join(w(6, p[0]), h), join(w(7, self.part1), h), join(g(8, h), c),
            join(w(9, p[1]), p[0], h), join(g(10, self.keyword), self.asked & 15, c),
        ]
        if told:
            model.coder.bits = [int(told == data)]
        hit = model.span.symbol(model, hashes, pick, self.column, 0, 1)
        self.asked, self.refuted = (2 * self.asked + hit) & M32, 1 - hit
        return hit

    def byte(self, told):
        if told:
            self.model.coder.bits = [told[0] >> i & 1 for i in range(7, -1, -1)]
        hashes = self.contexts()
        pick = (min(self.match_len, 15) + 1).bit_length() - 1 + (self.match_len > 24)
        high = self.model.spell.symbol(self.model, hashes, pick, self.column, self.tail[5], 4)
        hashes = [join(h, 16 + high) for h in hashes]
        return high << 4 | self.model.spell.symbol(self.model, hashes, 8 + pick, self.column, self.tail[5], 4)

    def find_match(self, byte):
        history = self.model.spelled
        if self.match_len and history[self.match] == byte:
            self.match, self.match_len = self.match + 1, self.match_len + 1
        else:
            self.match_len = 0
        history.append(byte)
        if len(history) < 5:
            return
        place = spread(join(0x6D617463, *history[-5:])) % (1 << self.model.m - 2)
        found = self.model.seen.get(place, 0)
        if not self.match_len and found:
            common = 0
            while common < min(32, found) and history[found - 1 - common] == history[len(history) - 1 - common]:
                common += 1
            if common >= 5:
                self.match, self.match_len = found, common
        self.model.seen[place] = len(history)

    def push(self, byte):
        delimiter, pool = is_delimiter(byte), self.model.pool
        if not (self.pointer < len(self.before) and self.before[self.pointer] == byte):
            self.equal = 0
        self.pointer += 1
        if delimiter:
            if not self.equal:
                start = min(max(self.pointer - 8, 0), len(self.before))
                found = self.before.find(byte, start, start + 24)
                if found >= 0:
                    self.pointer = found + 1
            self.equal, self.refuted, self.delimiters = 1, 0, self.delimiters + 1
            self.part2, self.part1, self.part = self.part1, join(self.part, byte), 0
        else:
            self.part = join(self.part, byte + 1)
        for i, it in enumerate(self.copied):
            if it[0] and it[0] < len(pool) and pool[it[0]] == byte:
                it[0], it[1] = it[0] + 1, it[1] + 1
            else:
                it[0], it[1] = self.known.parents[i][1] if delimiter else 0, 0
        capital, digit, last = lambda b: 65 <= b <= 90, lambda b: 48 <= b <= 57, self.tail[5]
        starts = capital(byte) and not capital(last) or digit(byte) != digit(last)
        if (starts or delimiter) and self.word:
            self.word1, self.word = self.word, 0
        if not delimiter:
            self.word = join(self.word, byte + (33 if capital(byte) else 1))
        self.so_far = join(self.so_far, byte + 1)
        self.tail = self.tail[1:] + bytes([byte])
        c = chr(byte)
        kind = 4 if byte > 127 else 1 if c.isdigit() else 2 if c.islower() else 3 if c.isupper() else 5 + byte % 11
        self.shape = (self.shape << 4 | kind) & M32
        self.length += 1

    def contexts(self):
        model, known = self.model, self.known
        base = join(self.column, 0x74657874)
        w = lambda i, x: join(base, i, x)
        g = lambda i, x: join(0x676C6F62, i, x)
        last = [int.from_bytes(self.tail[6 - n:], "big") for n in range(5)]
        before = self.before[self.pointer] if self.pointer < len(self.before) else 256
        ab = 2 * before + self.equal + 4096 * self.refuted
        p = [h for h, _, _ in known.parents]
        told = [16 * (model.pool[at] + 1 if 0 < at < len(model.pool) else 0) + min(n, 15) for at, n in self.copied]
        match = 16 * (model.spelled[self.match] + 1 if self.match_len else 0) + min(self.match_len, 15) + 65536 * self.refuted
        part, part1, part2, so_far = self.part, self.part1, self.part2, self.so_far
        return [
            w(1, so_far), join(w(2, ab), last[1]), g(3, match), join(g(4, self.keyword), so_far), g(5, part), join(w(6, part), ab),
            join(w(7, p[0]), so_far), join(g(8, part1), part), w(9, last[1]), w(10, last[2]), w(11, last[3]), g(12, last[2]),
            g(13, last[3]), g(14, last[4]), join(w(15, known.slot), so_far), join(w(16, self.shape), min(self.length, 20)),
            join(g(8, part1), part, part2), join(w(17, part), part1), join(w(18, p[1]), p[0], so_far), join(w(19, match), last[1]),
            join(w(20, before), min(self.length, 30)), join(w(21, told[0]), last[1]), join(w(22, told[1]), told[0]),
            join(g(23, last[4]), int.from_bytes(self.tail[:2], "big")),
            join(g(24, self.word), last[1]), join(g(25, self.word1), self.word, last[1]), join(w(26, self.word), known.slot),
        ]


# The file ----------------------------------------------------------------------------------------------------------

class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        self.at += n
        if self.at > len(self.data):
            raise Bad("the file ends early")
        return self.data[self.at - n:self.at]

    def int(self, n):
        return int.from_bytes(self.take(n), "little")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.int(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value


def block(header, payload):
    cur = Cursor(header)
    for _ in range(5):
        cur.varint()
    cur.take(1 + 8)
    cur.varint()
    severities = cur.varint()
    for _ in range(bin(severities).count("1")):
        cur.varint()
    if cur.int(1):
        for _ in range(3):
            cur.varint()
    if cur.varint() > 1:
        cur.varint()
    out, at = b"", 0
    for _ in range(cur.varint()):
        kind, codec, stored, _ = cur.int(1), cur.int(1), cur.varint(), cur.varint()
        cur.take(8)
        for _ in range(cur.varint()):
            cur.varint()
        section, at = payload[at:at + stored], at + stored
        if codec != 0 or kind not in (0, 3):
            raise Bad("only model-coded blocks, and what is stored as it is")
        out += section if kind == 0 else modelled(section)
    return out


def modelled(section):
    cur = Cursor(section)
    kind, m, lines = cur.int(1), cur.int(1), cur.varint()
    if kind & ~32 not in (1, 2):
        raise Bad(f"model {kind}")
    kept = cur.varint() if kind & 32 else lines >> 1
    model = Model(kind & ~32, m, section[cur.at:])
    shape = model.templates(0)
    rows = model.table(shape, [Known()] * kept, 0, 0)
    if kind & 32:
        rows = model.repeats(rows, lines >> 1)
    if model.coder.at != len(model.coder.data) + 3:
        raise Bad("the code does not end where its columns do")
    return b"\n".join(rows) + (b"\n" if lines & 1 else b"")


def decode(data):
    out, cur = b"", Cursor(data)
    while cur.at < len(data):
        if cur.take(8) != b"\x89LIG\r\n\x1a\n":
            raise Bad("no file header")
        cur.take(32)
        while cur.at < len(data):
            start = cur.at
            if cur.take(4) != b"\x89LGB":
                raise Bad("no frame")
            kind, _, length = cur.int(1), cur.int(1), cur.int(2)
            cur.take(8)
            size = cur.int(4)
            cur.take(8)
            body = cur.take(start + length - 4 - cur.at)
            cur.take(4)
            payload = cur.take(size)
            if kind == 1:
                out += block(body, payload)
            if kind == 3:
                return out  # what follows is the tail
    return out


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        sys.stdout.buffer.write(decode(file.read()))
