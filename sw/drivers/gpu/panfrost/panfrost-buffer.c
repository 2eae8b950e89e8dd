// SPDX-License-Identifier: MIT
/*
 * Memory in the address space of a client. A heap has none to begin with: each
 * chunk comes with the first fault in it.
 */
#include "panfrost.h"

#include <dma-mapping.h>
#include <iommu.h>

static size_t leaf_size(const struct pan_buffer *b)
{
	return b->chunk >= PAN_BLOCK ? PAN_BLOCK : PAGE_SIZE;
}

static int leaf_prot(const struct pan_buffer *b)
{
	int prot = IOMMU_READ | IOMMU_NOEXEC;

	if (!(b->flags & PAN_BUFFER_READONLY))
		prot |= IOMMU_WRITE;
	if (b->client->pan->dev->dma_coherent)
		prot |= IOMMU_CACHE;
	return prot;
}

static u64 chunk_addr(const struct pan_buffer *b, size_t i)
{
	return b->addr + i * b->chunk;
}

/* The GPU may still have it: better nobody gets it than somebody else. */
static void lose(struct pan_buffer *b, size_t first, size_t n, size_t present)
{
	dev_err(b->client->pan->dev, "%zu bytes of client %u stay allocated\n",
		present * b->chunk, b->client->id);
	memset(&b->mem[first], 0, n * sizeof(*b->mem));
}

static void lose_memory(struct pan_buffer *b)
{
	lose(b, 0, b->size / b->chunk, b->present);
}

/* -ETIMEDOUT: the GPU may have its memory all the same. */
static int map_chunk(struct pan_buffer *b, size_t i)
{
	struct pan_client *c = b->client;
	struct device *dev = c->pan->dev;
	size_t leaf = leaf_size(b), mapped = 0;
	dma_addr_t dma;
	int ret;

	dma = dma_map_single(dev, b->mem[i], b->chunk, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, dma))
		return -EIO;
	ret = c->tables->map_pages(c->tables, chunk_addr(b, i), dma, leaf,
				   b->chunk / leaf, leaf_prot(b), GFP_KERNEL,
				   &mapped);
	if (!ret)
		return 0;
	if (mapped) {
		c->tables->unmap_pages(c->tables, chunk_addr(b, i), leaf,
				       mapped / leaf, NULL);
		/* Jobs may have found it meanwhile. */
		if (pan_mmu_flush(c, chunk_addr(b, i), b->chunk,
				  AS_COMMAND_FLUSH_MEM))
			return -ETIMEDOUT;
	}
	dma_unmap_single(dev, dma, b->chunk, DMA_BIDIRECTIONAL);
	return ret;
}

static int add_chunk(struct pan_buffer *b, size_t i)
{
	int ret;

	b->mem[i] = alloc_pages_exact(b->chunk, GFP_KERNEL | __GFP_ZERO);
	if (!b->mem[i])
		return -ENOMEM;
	ret = map_chunk(b, i);
	if (!ret) {
		b->present++;
	} else if (ret == -ETIMEDOUT) {
		lose(b, i, 1, 1);
	} else {
		free_pages_exact(b->mem[i], b->chunk);
		b->mem[i] = NULL;
	}
	return ret;
}

/* From the tables, and from what the GPU remembers; the memory stays. */
static int unmap_all(struct pan_buffer *b)
{
	struct pan_client *c = b->client;
	size_t leaf = leaf_size(b), i, n = b->size / b->chunk;

	for (i = 0; i < n; i++)
		if (b->mem[i])
			c->tables->unmap_pages(c->tables, chunk_addr(b, i),
					       leaf, b->chunk / leaf, NULL);
	return pan_mmu_flush(c, b->addr, b->size, AS_COMMAND_FLUSH_MEM);
}

/**
 * pan_buffer_unmap_dma - memory goes back to the CPU
 * @b: nothing leads to it any more
 */
void pan_buffer_unmap_dma(struct pan_buffer *b)
{
	size_t i, n = b->size / b->chunk;

	for (i = 0; i < n; i++)
		if (b->mem[i])
			dma_unmap_single(b->client->pan->dev,
					 virt_to_phys(b->mem[i]), b->chunk,
					 DMA_BIDIRECTIONAL);
}

/**
 * pan_buffer_free - the memory of a buffer, and what is known of it
 * @b: as of pan_buffer_unmap_dma(), which it does where there are tables still
 */
void pan_buffer_free(struct pan_buffer *b)
{
	size_t i, n = b->size / b->chunk;

	list_del(&b->node);
	if (b->client->tables)
		pan_buffer_unmap_dma(b);
	for (i = 0; i < n; i++)
		if (b->mem[i])
			free_pages_exact(b->mem[i], b->chunk);
	kvfree(b->mem);
	kfree(b);
}

/* The buffer behind which [@addr, @addr + @size) is free, in the order of the
 * list; its head: none is before it. NULL: it is not free.
 */
static struct list_head *place_for(struct pan_client *c, u64 addr, u64 size)
{
	struct pan_buffer *b;

	list_for_each_entry(b, &c->buffers, node) {
		if (addr + size <= b->addr)
			return b->node.prev;
		if (addr < b->addr + b->size)
			return NULL;
	}
	return c->buffers.prev;
}

/* The lowest hole that is large enough; *addr is where it begins. */
static struct list_head *find_place(struct pan_client *c, u64 size, u64 align,
				    u64 end, u64 *addr)
{
	struct list_head *place = &c->buffers;
	struct pan_buffer *b;
	u64 at = PAN_VA_START;

	list_for_each_entry(b, &c->buffers, node) {
		if (at + size <= b->addr)
			break;
		at = max(at, ALIGN(b->addr + b->size, align));
		place = &b->node;
	}
	*addr = at;
	return at + size <= end ? place : NULL;
}

static int insert(struct pan_client *c, struct pan_buffer *b, u64 addr)
{
	u64 end = min(PAN_VA_END, 1ULL << c->pan->features.va_bits);
	struct list_head *place;

	if (!addr) {
		place = find_place(c, b->size, b->chunk, end, &b->addr);
		if (!place)
			return -ENOSPC;
	} else {
		if (!IS_ALIGNED(addr, b->chunk) || addr < PAN_VA_START ||
		    addr > end || b->size > end - addr)
			return -EINVAL;
		b->addr = addr;
		place = place_for(c, addr, b->size);
		if (!place)
			return -EEXIST;
	}
	list_add(&b->node, place);
	return 0;
}

static int create(struct pan_client *c, struct pan_buffer *b, u64 addr)
{
	size_t i, n = b->size / b->chunk;
	int ret;

	if (!c->tables || c->pan->lost)
		return -ENODEV;
	ret = insert(c, b, addr);
	if (ret)
		return ret;
	if (b->flags & PAN_BUFFER_HEAP)
		return 0;
	for (i = 0; i < n && !ret; i++)
		ret = add_chunk(b, i);
	/* Holes are not kept in TLBs, but somebody may have touched one and
	 * wait.
	 */
	if (!ret)
		ret = pan_mmu_flush(c, b->addr, b->size, AS_COMMAND_FLUSH_PT);
	if (!ret)
		return 0;
	if (unmap_all(b))
		lose_memory(b);
	return ret;
}

/**
 * pan_buffer_create - memory for a client
 * @c: the client
 * @addr: where the GPU is to see it, whole chunks between PAN_VA_START and
 *	  PAN_VA_END; 0: wherever there is room
 * @size: in bytes, rounded up to whole chunks
 * @chunk: it comes in pieces of this size: a power of two from PAGE_SIZE to
 *	   PAN_BLOCK, which is one leaf of the tables; 0: PAN_BLOCK of a buffer
 *	   that has as much, else PAGE_SIZE
 * @flags: PAN_BUFFER_*
 *
 * It is zero.
 *
 * Return: the buffer, or an ERR_PTR(): -EINVAL, -EEXIST where @addr is not
 * free, -ENOSPC, -ENOMEM, -ETIMEDOUT where the GPU hangs, -ENODEV once it is
 * gone.
 */
struct pan_buffer *pan_buffer_create(struct pan_client *c, u64 addr,
				     size_t size, size_t chunk,
				     unsigned int flags)
{
	struct pan_buffer *b;
	int ret;

	if (!chunk)
		chunk = size >= PAN_BLOCK ? PAN_BLOCK : PAGE_SIZE;
	if (!size || size > PAN_VA_END || chunk < PAGE_SIZE ||
	    chunk > PAN_BLOCK || (chunk & (chunk - 1)) ||
	    flags & ~(PAN_BUFFER_READONLY | PAN_BUFFER_HEAP))
		return ERR_PTR(-EINVAL);
	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->client = c;
	b->chunk = chunk;
	b->size = ALIGN(size, chunk);
	b->flags = flags;
	INIT_LIST_HEAD(&b->node);
	b->mem = kvzalloc(b->size / chunk * sizeof(*b->mem), GFP_KERNEL);
	if (!b->mem) {
		kfree(b);
		return ERR_PTR(-ENOMEM);
	}
	mutex_lock(&c->pan->lock);
	ret = create(c, b, addr);
	if (ret)
		pan_buffer_free(b);
	mutex_unlock(&c->pan->lock);
	return ret ? ERR_PTR(ret) : b;
}

/**
 * pan_buffer_destroy - take memory from a client
 * @b: the buffer, or NULL
 *
 * A job that reaches for it from now on faults.
 */
void pan_buffer_destroy(struct pan_buffer *b)
{
	struct pan_client *c;
	struct pan_device *pan;

	if (!b)
		return;
	c = b->client;
	pan = c->pan;
	mutex_lock(&pan->lock);
	/* Of a GPU that is lost it stays, with tables or without. */
	if (pan->lost || (c->tables && unmap_all(b)))
		lose_memory(b);
	pan_buffer_free(b);
	mutex_unlock(&pan->lock);
}

/**
 * pan_buffer_grow - memory for the chunk of a heap in which a fault lies
 * @c: whose address space it is
 * @f: the fault
 *
 * Return: 0: the access may be tried again; -ENOENT: there is no heap at that
 * address; -ENOMEM; -ETIMEDOUT where the GPU hangs.
 */
int pan_buffer_grow(struct pan_client *c, const struct pan_fault *f)
{
	struct pan_buffer *b;
	size_t i;

	lockdep_assert_held(&c->pan->lock);
	list_for_each_entry(b, &c->buffers, node) {
		if (f->addr < b->addr || f->addr - b->addr >= b->size)
			continue;
		if (!(b->flags & PAN_BUFFER_HEAP))
			return -ENOENT;
		i = (f->addr - b->addr) / b->chunk;
		/* Another job's fault has brought it meanwhile. */
		return b->mem[i] ? 0 : add_chunk(b, i);
	}
	return -ENOENT;
}

/* Both ways; what of a heap is not there reads as zero, and is not written. */
static int access(struct pan_buffer *b, size_t offset, u8 *data, size_t size,
		  bool write)
{
	struct device *dev = b->client->pan->dev;
	size_t in, n;
	u8 *mem;

	for (; size; offset += n, data += n, size -= n) {
		in = offset % b->chunk;
		n = min(size, b->chunk - in);
		mem = b->mem[offset / b->chunk];
		if (!mem && write)
			return -EFAULT;
		if (!mem) {
			memset(data, 0, n);
		} else if (write) {
			memcpy(mem + in, data, n);
			dma_sync_single_for_device(dev, virt_to_phys(mem) + in,
						   n, DMA_BIDIRECTIONAL);
		} else {
			dma_sync_single_for_cpu(dev, virt_to_phys(mem) + in,
						n, DMA_BIDIRECTIONAL);
			memcpy(data, mem + in, n);
		}
	}
	return 0;
}

static int access_checked(struct pan_buffer *b, size_t offset, void *data,
			  size_t size, bool write)
{
	struct pan_device *pan = b->client->pan;
	int ret = -EINVAL;

	mutex_lock(&pan->lock);
	if (offset <= b->size && size <= b->size - offset)
		ret = pan->bound ? access(b, offset, data, size, write) :
				   -ENODEV;
	mutex_unlock(&pan->lock);
	return ret;
}

/**
 * pan_buffer_write - the CPU writes, and the GPU sees it
 * @b: the buffer
 * @offset: in it
 * @from: what is written
 * @size: in bytes
 *
 * Return: 0; -EINVAL outside of the buffer; -EFAULT where a heap has no memory
 * yet; -ENODEV.
 */
int pan_buffer_write(struct pan_buffer *b, size_t offset, const void *from,
		     size_t size)
{
	return access_checked(b, offset, (void *)from, size, true);
}

/**
 * pan_buffer_read - the CPU reads what the GPU has written
 * @b: the buffer
 * @offset: in it
 * @to: where to
 * @size: in bytes
 *
 * Return: 0, or as pan_buffer_write(). Where a heap has no memory it is zero.
 */
int pan_buffer_read(struct pan_buffer *b, size_t offset, void *to,
		    size_t size)
{
	return access_checked(b, offset, to, size, false);
}
