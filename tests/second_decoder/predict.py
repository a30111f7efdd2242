"""Bits from contexts, as docs/MODEL-FORMAT.md has it up to "A symbol"."""
M32 = 0xFFFFFFFF


class Bad(Exception):
    pass


# Numbers -----------------------------------------------------------------------------------------------------------

def squash_table():
    out, e = [], 1 << 32
    for _ in range(3072):
        out.append((1 << 48) // ((1 << 32) + e))
        e = e * 4278222805 >> 32
    return out


SQUASH = squash_table()


def squash(x):
    return SQUASH[min(x, 3071)] if x >= 0 else 65536 - SQUASH[min(-x, 3071)]


def stretch_table():
    out, x = [0] * 4096, 0
    for p in range(2048, 4096):
        while x < 3071 and SQUASH[x] < 16 * p + 8:
            x += 1
        out[p], out[4095 - p] = x, -x
    return out


STRETCH = stretch_table()
RATE = [131072 // (2 * n + 3) for n in range(256)]


def join(h, *parts):
    for x in parts:
        h = ((h ^ x) & M32) * 0x9E3779B1 & M32
        h = (h << 15 | h >> 17) & M32
    return h


def spread(h):
    h = (h ^ h >> 15) * 0x85EBCA77 & M32
    return h ^ h >> 13


def hash_bytes(data):
    h = 0x811C9DC5
    for byte in data:
        h = join(h, byte + 1)
    return h


def signed(v):
    v &= (1 << 64) - 1
    return v - (1 << 64) if v >> 63 else v


def fold(v):
    return (v ^ v >> 32) & M32


def held(x, least, most):
    return max(least, min(x, most))


# Bit histories: (zeros, ones, last bit) ----------------------------------------------------------------------------

BOUNDS = [60, 16, 8, 6, 5, 5]
NEXT = {}


def in_bounds(counts):
    return min(counts) < 6 and max(counts) <= BOUNDS[min(counts)]


def after(history, bit):
    key = (history, bit)
    if key not in NEXT:
        counts = list(history[:2])
        c = counts[1 - bit]
        counts[1 - bit] = c if c <= 2 else 3 if c <= 4 else 4 if c <= 8 else 5 if c <= 20 else 6
        counts[bit] += 1
        if not in_bounds(counts):
            if counts[1 - bit] > 1:
                counts[1 - bit] -= 1
            while not in_bounds(counts):
                counts[bit] -= 1
        NEXT[key] = (counts[0], counts[1], bit)
    return NEXT[key]


NONE = (0, 0, 0)


# Mixing ------------------------------------------------------------------------------------------------------------

class Mixer:
    def __init__(self, inputs, first):
        self.inputs, self.first, self.sets = inputs, first, {}

    def mix(self, number, x):
        self.w = self.sets.setdefault(number, [self.first] * self.inputs)
        self.out = held(sum(a * b for a, b in zip(self.w, x)) >> 14, -3071, 3071)
        return self.out

    def update(self, x, bit, rate):
        e = ((bit << 16) - squash(self.out)) * rate >> 6
        if abs(e) < 32:
            return
        self.w[:] = [held(w + (v * e + 32768 >> 16), -32768, 32767) for w, v in zip(self.w, x)]


class Refine:
    def __init__(self, bits):
        self.mask, self.curves = (1 << bits) - 1, {}

    def refine(self, x, number):
        curve = self.curves.get(number & self.mask)
        if curve is None:
            curve = self.curves[number & self.mask] = [squash(256 * s - 3072) * 64 for s in range(25)]
        place = x + 3072
        step, part = place >> 8, place & 255
        self.curve, self.near = curve, step + (part >= 128)
        return (curve[step] >> 6) * (256 - part) + (curve[step + 1] >> 6) * part >> 8

    def update(self, bit):
        self.curve[self.near] += bit * ((1 << 22) - 1) - self.curve[self.near] >> 6


class Coder:
    def __init__(self, data):
        self.low, self.high, self.data, self.at, self.code = 0, M32, data, 0, 0
        for _ in range(4):
            self.shift()

    def shift(self):
        byte = self.data[self.at] if self.at < len(self.data) else 0
        self.at += 1
        self.code = (self.code << 8 | byte) & M32

    def bit(self, p):
        span = self.high - self.low
        middle = self.low + (span >> 16) * p + ((span & 65535) * p >> 16)
        if self.code <= middle:
            bit, self.high = 1, middle
        else:
            bit, self.low = 0, middle + 1
        while self.low >> 24 == self.high >> 24:
            self.low = self.low << 8 & M32
            self.high = (self.high << 8 | 255) & M32
            self.shift()
        return bit


class Told:
    """Stands for a coder where the bits are known."""

    def __init__(self):
        self.bits = []

    def bit(self, p):
        return self.bits.pop(0)


class Memory:
    def __init__(self, m):
        self.m, self.buckets = m, {}

    def bucket(self, i):
        found = self.buckets.get(i)
        if found is None:
            found = self.buckets[i] = [0, [NONE] * 16, [32768] * 16, [0] * 16]
        return found

    def find(self, hashes):
        # All are looked for before any makes room.
        found = [[i for i in (h >> 32 - self.m, h >> 32 - self.m ^ 1) if self.bucket(i)[0] == h & 0xFFFF] for h in hashes]
        return [self.bucket(f[0]) if f else self.make_room(h) for f, h in zip(found, hashes)]

    def make_room(self, h):
        i = h >> 32 - self.m
        near, far = self.bucket(i), self.bucket(i ^ 1)
        seen = [sum(b[1][1][:2]) for b in (near, far)]
        b = near if seen[0] <= seen[1] else far
        b[:] = [h & 0xFFFF, [NONE] * 16, [32768] * 16, [0] * 16]
        return b


class Predictor:
    def __init__(self, contexts, m, near, mixers):
        self.n, inputs, first = contexts, 2 * contexts + 1, 18022 // (2 * contexts)
        self.maps = [{} for _ in range(contexts)]
        self.mixers = [Mixer(inputs, first) for _ in range(mixers)]
        self.last = Mixer(mixers, 16384 // mixers)
        r = min(m - 2, 16)
        self.refine = [Refine(min(r, 12)), Refine(min(r, 10) if near else r)]

    def adaptive(self, i, history):
        found = self.maps[i].get(history)
        if found is None:
            zeros, ones, _ = history
            p = min(65536 * (5 * ones + 2) // (5 * (zeros + ones) + 4), 65535)
            found = self.maps[i][history] = [p << 6, 0]
        return found

    def symbol(self, model, hashes, pick, column, choice, bits):
        places = model.memory.find([spread(h + i * 0x6F4F2E35 & M32) for i, h in enumerate(hashes[:self.n], 1)])
        node = 1
        for _ in range(bits):
            node = 2 * node + self.bit(model.coder, places, pick, column % 256, choice % 256, hashes[0], node)
        return node - (1 << bits)

    def bit(self, coder, places, pick, column, choice, first, node):
        x, used, pattern = [256], [], 0
        for i, place in enumerate(places):
            history = place[1][node]
            if history == NONE:
                x += [0, 0]
                used.append(None)
                kind = 0
            else:
                adaptive = self.adaptive(i, history)
                x += [STRETCH[adaptive[0] >> 10], STRETCH[place[2][node] >> 4]]
                used.append(adaptive)
                kind = 2 if history[0] and history[1] else 1
            if i < 5:
                pattern = 3 * pattern + kind
        numbers = [16 * pick + node, column, pattern, choice]
        mixed = [mixer.mix(number, x) for mixer, number in zip(self.mixers, numbers)]
        out = self.last.mix(16 * pick + node, mixed)
        p = squash(out) + self.refine[0].refine(out, column * 16 + node)
        p += self.refine[1].refine(out, ((first + node & M32) * 0x9E3779B1 & M32) >> 16)
        bit = coder.bit(held(p // 3, 1, 65535))
        for mixer in self.mixers:
            mixer.update(x, bit, 20)
        self.last.update(mixed, bit, 10)
        for refine in self.refine:
            refine.update(bit)
        for i, (place, adaptive) in enumerate(zip(places, used)):
            if adaptive is not None:
                adaptive[0] += (bit * ((1 << 22) - 1) - adaptive[0]) * RATE[adaptive[1]] >> 16
                adaptive[1] = min(adaptive[1] + 1, 255)
            place[1][node] = after(place[1][node], bit)
            chance, rate = place[2][node], RATE[place[3][node]]
            place[2][node] += (65535 - chance) * rate >> 16 if bit else -(chance * rate >> 16)
            place[3][node] = min(place[3][node] + 1, 255)
        return bit
