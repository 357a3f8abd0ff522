/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * map.c - arrays, hashes, rings: what a program remembers and what it tells.
 *
 * Semantics, return values and their order of precedence are those of the
 * kernel's BPF maps of the same type (kernel/bpf/{arraymap,hashtab,ringbuf}.c),
 * so that one image means the same on both backends. Two differences, neither
 * of which a program can tell from a concurrent writer: an update of an element
 * that exists is made in place, and a ring belongs to one CPU.
 *
 * Everything is allocated when the image is loaded; after that nothing is.
 *
 * Caller's context: update, delete and output run in probe context, on all CPUs
 * at once, and may be interrupted on their own CPU by a firing of a higher
 * nesting level (an NMI inside an interrupt inside a task). Therefore:
 *  - no lock is ever waited for without bound. A writer who can't get the
 *    bucket in DT_SPINS tries (its holder may be the code that this CPU has
 *    interrupted) answers -EBUSY, as the kernel's hash does;
 *  - a reader takes no lock: it walks the chain and starts again if the
 *    bucket's sequence changed under it;
 *  - the free list is a tagged stack moved by compare-and-swap;
 *  - a ring has one CPU's writers only, and they nest properly: each reserves by
 *    compare-and-swap, and the outermost publishes for all.
 */
#include "dt.h"

#define BPF_ANY		0
#define BPF_NOEXIST	1
#define BPF_EXIST	2

/* ---- creation: process context --------------------------------------- */

static u32 pow2_at_least(u32 n)
{
	u32 p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

static u32 check_def(const struct dt_map_def *d)
{
	u32 allowed_flags = d->type == DT_MAP_ARRAY ? DT_MAP_F_RDONLY : 0;

	switch (d->type) {
	case DT_MAP_ARRAY:
	case DT_MAP_PERCPU_ARRAY:
		if (d->key_bytes != 4)
			return DT_CODE_MAP_KEY;
		break;
	case DT_MAP_HASH:
	case DT_MAP_PERCPU_HASH:
		if (d->key_bytes == 0 || d->key_bytes > DT_MAX_KEY)
			return DT_CODE_MAP_KEY;
		break;
	case DT_MAP_RING:
		if (d->key_bytes != 0)
			return DT_CODE_MAP_KEY;
		if (d->value_bytes != 0)
			return DT_CODE_MAP_VALUE;
		/* a power of two; 4096 is the least the kernel's takes, a page */
		if (d->max_entries < 4096 || (d->max_entries & (d->max_entries - 1)))
			return DT_CODE_MAP_ENTRIES;
		break;
	default:
		return DT_CODE_MAP_TYPE;
	}
	if (d->type != DT_MAP_RING) {
		if (d->value_bytes == 0 || d->value_bytes > DT_MAX_VALUE)
			return DT_CODE_MAP_VALUE;
		if (d->max_entries == 0)
			return DT_CODE_MAP_ENTRIES;
	}
	if (d->flags & ~allowed_flags)
		return DT_CODE_MAP_FLAGS;
	if (d->init_count && d->type == DT_MAP_RING)
		return DT_CODE_MAP_INIT;
	return DT_CODE_OK;
}

/*
 * dt_map_create - @map is zeroed memory. Returns an enum dt_code; after a
 * failure dt_map_destroy() must be called all the same.
 */
u32 dt_map_create(struct dt_env *env, struct dt_map *map, const struct dt_map_def *def)
{
	u32 code = check_def(def), cpus = env_cpu_count(env), buckets, i;
	u64 n = def->max_entries, per_element, rings, records;
	u8 *shared;

	if (code)
		return code;
	map->type = def->type;
	map->key_bytes = def->key_bytes;
	map->value_bytes = def->value_bytes;
	map->max_entries = def->max_entries;
	map->flags = def->flags;
	map->stride = (def->value_bytes + 7) & ~7u;
	map->copies = 1;
	if (def->type == DT_MAP_PERCPU_ARRAY || def->type == DT_MAP_PERCPU_HASH)
		map->copies = cpus;

	if (def->type == DT_MAP_RING) {
		if (n > DT_MAX_MAP_BYTES / cpus)
			return DT_CODE_MAP_BYTES;
		map->values_bytes = n * cpus;
		rings = DT_RING_PART(cpus * sizeof(*map->consumed));
		records = rings + DT_RING_PART(cpus * sizeof(*map->rings));
		map->shared_bytes = DT_RING_PART(records + map->values_bytes);
		shared = env_alloc_shared(env, map->shared_bytes);
		if (!shared)
			return DT_CODE_NOMEM;
		map->consumed = (u32 *)shared;
		map->rings = (struct dt_ring *)(shared + rings);
		map->values = shared + records;
		return DT_CODE_OK;
	}

	/* stride <= 2^24, copies and key are small: no overflow in 64 bits */
	per_element = (u64)map->stride * map->copies;
	if (dt_map_is_hash(map))
		per_element += map->key_bytes + 2 * sizeof(u32) + 2 * sizeof(struct dt_bucket);
	if (per_element > DT_MAX_MAP_BYTES || per_element * n > DT_MAX_MAP_BYTES)
		return DT_CODE_MAP_BYTES;
	map->values_bytes = (u64)map->stride * map->copies * n;
	map->values = env_alloc(env, map->values_bytes);
	if (!map->values)
		return DT_CODE_NOMEM;
	if (!dt_map_is_hash(map))
		return DT_CODE_OK;

	buckets = pow2_at_least(map->max_entries);
	map->bucket_mask = buckets - 1;
	map->keys = env_alloc(env, n * map->key_bytes);
	map->next = env_alloc(env, n * sizeof(u32));
	map->owner = env_alloc(env, n * sizeof(u32));
	map->buckets = env_alloc(env, (u64)buckets * sizeof(*map->buckets));
	if (!map->keys || !map->next || !map->owner || !map->buckets)
		return DT_CODE_NOMEM;
	for (i = 0; i < map->max_entries; i++)
		map->next[i] = i + 1 < map->max_entries ? i + 2 : 0;
	map->free = 1;
	return DT_CODE_OK;
}

void dt_map_destroy(struct dt_env *env, struct dt_map *map)
{
	if (map->type == DT_MAP_RING)
		env_free_shared(env, map->consumed, map->shared_bytes);
	else
		env_free(env, map->values);
	env_free(env, map->keys);
	env_free(env, map->next);
	env_free(env, map->owner);
	env_free(env, map->buckets);
	env_memset(map, 0, sizeof(*map));
}

/* ---- elements -------------------------------------------------------- */

static u8 *value_of(const struct dt_map *map, u32 element, u32 copy)
{
	return map->values + ((u64)element * map->copies + copy) * map->stride;
}

static u8 *key_of(const struct dt_map *map, u32 element)
{
	return map->keys + (u64)element * map->key_bytes;
}

static u32 copy_for(const struct dt_map *map, u32 cpu)
{
	return map->copies > 1 ? cpu : 0;
}

static u32 key_index(const u8 *key)
{
	u32 index;

	env_memcpy(&index, key, 4);
	return index;
}

/*
 * FNV-1a, over words where there are any, its upper bits folded in: buckets use
 * the lower, which the upper ones of a word would not reach otherwise.
 */
static struct dt_bucket *bucket_of(struct dt_map *map, const u8 *key)
{
	u64 h = 0xcbf29ce484222325ull, word;
	u32 left = map->key_bytes;

	for (; left >= sizeof(word); left -= sizeof(word), key += sizeof(word)) {
		__builtin_memcpy(&word, key, sizeof(word));
		h = (h ^ word) * 0x100000001b3ull;
		h ^= h >> 32;
	}
	for (; left; left--)
		h = (h ^ *key++) * 0x100000001b3ull;
	h ^= h >> 32;
	h ^= h >> 15;
	return &map->buckets[(u32)h & map->bucket_mask];
}

/*
 * Returns element + 1 or 0. The bound holds even while the chain is being
 * changed; a walker who then strays into another chain or the free list is told
 * by the owner that an element there is not what it looks for.
 */
static u32 chain_find(const struct dt_map *map, const struct dt_bucket *bucket, const u8 *key)
{
	u32 at = env_read_once(bucket->head), left = map->max_entries;
	u32 owner = (u32)(bucket - map->buckets) + 1;

	while (at && left--) {
		if (env_read_once(map->owner[at - 1]) == owner &&
		    !env_memcmp(key_of(map, at - 1), key, map->key_bytes))
			return at;
		at = env_read_once(map->next[at - 1]);
	}
	return 0;
}

static int bucket_lock(struct dt_bucket *bucket)
{
	u32 tries = DT_SPINS, seq;

	while (tries--) {
		seq = env_read_once(bucket->seq);
		if (!(seq & 1) && env_cmpxchg32(&bucket->seq, seq, seq + 1) == seq)
			return 1;
		env_relax();
	}
	return 0;
}

static void bucket_unlock(struct dt_bucket *bucket)
{
	env_order();
	env_write_once(bucket->seq, bucket->seq + 1);
}

/*
 * Returns element + 1 or 0. What is found is good, whoever is writing: its owner
 * is set last and cleared first. Only a miss must be certain that nobody moved
 * the chain meanwhile; where the writer is the very code that this CPU has
 * interrupted, that will not become certain, and a miss it is.
 */
static u32 hash_find(struct dt_map *map, const u8 *key)
{
	struct dt_bucket *bucket = bucket_of(map, key);
	u32 tries = DT_SPINS, seq, at;

	while (tries--) {
		seq = env_read_once(bucket->seq);
		env_order();
		at = chain_find(map, bucket, key);
		env_order();
		if (at || (!(seq & 1) && env_read_once(bucket->seq) == seq))
			return at;
		env_relax();
	}
	return 0;
}

static u32 free_pop(struct dt_map *map)
{
	u32 tries = DT_SPINS, at;
	u64 old, new;

	while (tries--) {
		old = env_read_once(map->free);
		at = (u32)old;
		if (!at)
			return 0;
		new = ((old >> 32) + 1) << 32 | env_read_once(map->next[at - 1]);
		if (env_cmpxchg64(&map->free, old, new) == old)
			return at;
		env_relax();
	}
	return 0;
}

/* An element must not get lost: this one does not give up. Whoever makes it try
 * again has itself succeeded, so somebody always gets on. */
static void free_push(struct dt_map *map, u32 at)
{
	u64 old, new;

	do {
		old = env_read_once(map->free);
		env_write_once(map->next[at - 1], (u32)old);
		new = ((old >> 32) + 1) << 32 | at;
	} while (env_cmpxchg64(&map->free, old, new) != old);
}

/* ---- what programs do: any context ----------------------------------- */

u8 *dt_map_lookup(struct dt_map *map, const u8 *key, u32 cpu)
{
	u32 at;

	if (dt_map_is_hash(map)) {
		at = hash_find(map, key);
		return at ? value_of(map, at - 1, copy_for(map, cpu)) : NULL;
	}
	at = key_index(key);
	return at < map->max_entries ? value_of(map, at, copy_for(map, cpu)) : NULL;
}

/*
 * Which copies of a per-CPU value an update is about, and where they come from.
 * MINE: this CPU's; where the element is new, the others become zero.
 */
enum copies {
	MINE,
	EACH,		/* the values of all CPUs follow one another */
	SAME		/* one value for all */
};

static void store_value(struct dt_map *map, u32 element, const u8 *value, u32 cpu,
			enum copies which, int new)
{
	u32 copy, mine = copy_for(map, cpu);

	for (copy = 0; copy < map->copies; copy++) {
		u8 *to = value_of(map, element, copy);

		if (which == EACH)
			env_memcpy(to, value + (u64)copy * map->value_bytes, map->value_bytes);
		else if (which == SAME || copy == mine)
			env_memcpy(to, value, map->value_bytes);
		else if (new)
			env_memset(to, 0, map->value_bytes);
	}
}

static s64 hash_update(struct dt_map *map, const u8 *key, const u8 *value, u64 flags, u32 cpu,
		       enum copies which)
{
	struct dt_bucket *bucket = bucket_of(map, key);
	s64 result = 0;
	u32 at;

	if (!bucket_lock(bucket))
		return -EBUSY;
	at = chain_find(map, bucket, key);
	if (at && flags == BPF_NOEXIST) {
		result = -EEXIST;
	} else if (!at && flags == BPF_EXIST) {
		result = -ENOENT;
	} else if (at) {
		store_value(map, at - 1, value, cpu, which, 0);
	} else {
		at = free_pop(map);
		if (at) {
			env_memcpy(key_of(map, at - 1), key, map->key_bytes);
			store_value(map, at - 1, value, cpu, which, 1);
			env_write_once(map->owner[at - 1], (u32)(bucket - map->buckets) + 1);
			env_write_once(map->next[at - 1], bucket->head);
			env_write_once(bucket->head, at);
		} else {
			result = -E2BIG;
		}
	}
	bucket_unlock(bucket);
	return result;
}

static s64 map_store(struct dt_map *map, const u8 *key, const u8 *value, u64 flags, u32 cpu,
		     enum copies which)
{
	u32 index;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (dt_map_is_hash(map))
		return hash_update(map, key, value, flags, cpu, which);
	index = key_index(key);
	if (index >= map->max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	store_value(map, index, value, cpu, which, 0);
	return 0;
}

s64 dt_map_update(struct dt_map *map, const u8 *key, const u8 *value, u64 flags, u32 cpu)
{
	return map_store(map, key, value, flags, cpu, MINE);
}

s64 dt_map_delete(struct dt_map *map, const u8 *key)
{
	struct dt_bucket *bucket;
	u32 at, before, left;

	if (!dt_map_is_hash(map))
		return -EINVAL;
	bucket = bucket_of(map, key);
	if (!bucket_lock(bucket))
		return -EBUSY;
	at = chain_find(map, bucket, key);
	if (at) {
		env_write_once(map->owner[at - 1], 0);
		env_order();
		if (bucket->head == at) {
			env_write_once(bucket->head, map->next[at - 1]);
		} else {
			left = map->max_entries;
			before = bucket->head;
			while (map->next[before - 1] != at && left--)
				before = map->next[before - 1];
			env_write_once(map->next[before - 1], map->next[at - 1]);
		}
	}
	bucket_unlock(bucket);
	if (!at)
		return -ENOENT;
	free_push(map, at);
	return 0;
}

/* ---- the ring --------------------------------------------------------- */

#define RING_HEADER	((u32)sizeof(struct dt_record))
#define RB_FLAGS	3u		/* BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP */

/* Copy into the ring at @position, around its end. */
static void ring_copy(struct dt_map *map, u32 cpu, u32 position, const void *bytes, u32 count)
{
	u8 *data = map->values + (u64)cpu * map->max_entries;
	u32 at = position & (map->max_entries - 1), part = map->max_entries - at;

	if (part > count)
		part = count;
	env_memcpy(data + at, bytes, part);
	env_memcpy(data, (const u8 *)bytes + part, count - part);
}

/* This CPU's writers are done up to here; the outermost says so to the consumer. */
static void ring_leave(struct dt_ring *ring)
{
	u32 reserved;

	for (;;) {
		reserved = env_read_once(ring->reserved);
		if (env_read_once(ring->nest) != 1) {
			env_write_once(ring->nest, ring->nest - 1);
			return;
		}
		env_order();
		env_write_once(ring->published, reserved);
		env_order();
		env_write_once(ring->nest, 0);
		env_order();
		/* one that came between our look and our leaving saw nest == 2 */
		if (env_read_once(ring->reserved) == reserved)
			return;
		env_write_once(ring->nest, ring->nest + 1);
	}
}

s64 dt_ring_output(struct dt_map *map, const u8 *record, u64 bytes, u64 flags, u32 cpu)
{
	struct dt_ring *ring = &map->rings[cpu];
	struct dt_record header;
	u32 need, old;

	if (flags & ~(u64)RB_FLAGS)
		return -EINVAL;
	if (bytes > map->max_entries - RING_HEADER) {
		env_add32(&ring->drops, 1);
		return -EAGAIN;
	}
	need = ((u32)bytes + RING_HEADER + 7) & ~7u;
	env_write_once(ring->nest, ring->nest + 1);
	env_order();
	do {
		old = env_read_once(ring->reserved);
		/* as the kernel's, the ring is never filled to the last byte */
		if (old + need - env_read_once(map->consumed[cpu]) > map->max_entries - 1) {
			env_add32(&ring->drops, 1);
			ring_leave(ring);
			return -EAGAIN;
		}
	} while (env_cmpxchg32(&ring->reserved, old, old + need) != old);
	header.bytes = (u32)bytes;
	header.number = env_fetch_add32(&map->sequence, 1);
	ring_copy(map, cpu, old, &header, RING_HEADER);
	ring_copy(map, cpu, old + RING_HEADER, record, (u32)bytes);
	ring_leave(ring);
	return 0;
}

/* BPF_RB_AVAIL_DATA, _RING_SIZE, _CONS_POS, _PROD_POS; of this CPU's ring. */
s64 dt_ring_query(struct dt_map *map, u64 what, u32 cpu)
{
	const struct dt_ring *ring = &map->rings[cpu];

	switch (what) {
	case 0: return env_read_once(ring->reserved) - env_read_once(map->consumed[cpu]);
	case 1: return map->max_entries;
	case 2: return env_read_once(map->consumed[cpu]);
	case 3: return env_read_once(ring->reserved);
	default: return 0;
	}
}

/* ---- what the consumer does: process context -------------------------- */

static void load_values(struct dt_map *map, u32 element, u8 *values)
{
	u32 copy;

	for (copy = 0; copy < map->copies; copy++)
		env_memcpy(values + (u64)copy * map->value_bytes, value_of(map, element, copy),
			   map->value_bytes);
}

/* dt_map_read - all copies of @key's value. Returns 0 or -ENOENT. */
s64 dt_map_read(struct dt_map *map, const u8 *key, u8 *values)
{
	u32 at = dt_map_is_hash(map) ? hash_find(map, key) : key_index(key) + 1;

	/* index 0xffffffff wraps to 0: no such element either */
	if (at == 0 || at > map->max_entries)
		return -ENOENT;
	load_values(map, at - 1, values);
	return 0;
}

s64 dt_map_write(struct dt_map *map, const u8 *key, const u8 *values, u64 flags)
{
	return map_store(map, key, values, flags, 0, EACH);
}

/* dt_map_fill - an initial entry, the same on every CPU. */
s64 dt_map_fill(struct dt_map *map, const u8 *key, const u8 *value)
{
	return map_store(map, key, value, BPF_ANY, 0, SAME);
}

/*
 * dt_map_at - for walking a map: the key and values of element number @element.
 * Returns 1 where it is in use, 0 where it isn't, -ENOENT past the last.
 */
s64 dt_map_at(struct dt_map *map, u32 element, u8 *key, u8 *values)
{
	u32 tries = DT_SPINS, owner, seq;

	if (element >= map->max_entries)
		return -ENOENT;
	if (!dt_map_is_hash(map)) {
		env_memcpy(key, &element, 4);
		load_values(map, element, values);
		return 1;
	}
	while (tries--) {
		owner = env_read_once(map->owner[element]);
		if (!owner)
			return 0;
		seq = env_read_once(map->buckets[owner - 1].seq);
		env_order();
		env_memcpy(key, key_of(map, element), map->key_bytes);
		load_values(map, element, values);
		env_order();
		if (!(seq & 1) && env_read_once(map->owner[element]) == owner &&
		    env_read_once(map->buckets[owner - 1].seq) == seq)
			return 1;
		env_relax();
	}
	return 0;
}
