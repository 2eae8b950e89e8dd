// SPDX-License-Identifier: MIT
/* Managed resources: what a driver took goes back when it leaves. */
#include <device.h>
#include <export.h>
#include <io.h>
#include <kernel.h>
#include <list.h>
#include <platform_device.h>

struct devres {
	struct list_head node;
	dr_release_t release;
	size_t size;
	u8 data[] __aligned(16);
};

static struct devres *to_devres(const void *res)
{
	return container_of(res, struct devres, data);
}

void *devres_alloc(dr_release_t release, size_t size, gfp_t gfp)
{
	struct devres *dr;

	if (size > SIZE_MAX - sizeof(*dr))
		return NULL;
	dr = kmalloc(sizeof(*dr) + size, gfp | __GFP_ZERO);
	if (!dr)
		return NULL;
	INIT_LIST_HEAD(&dr->node);
	dr->release = release;
	dr->size = size;
	return dr->data;
}
EXPORT_SYMBOL(devres_alloc);

void devres_free(void *res)
{
	if (res)
		kfree(to_devres(res));
}
EXPORT_SYMBOL(devres_free);

void devres_add(struct device *dev, void *res)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->devres_lock, flags);
	list_add_tail(&to_devres(res)->node, &dev->devres);
	spin_unlock_irqrestore(&dev->devres_lock, flags);
}
EXPORT_SYMBOL(devres_add);

/* The one that was added last; @take unlinks it. */
static struct devres *find(struct device *dev, dr_release_t release,
			   dr_match_t match, void *match_data, bool take)
{
	struct devres *dr, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&dev->devres_lock, flags);
	list_for_each_entry_reverse(dr, &dev->devres, node)
		if (dr->release == release &&
		    (!match || match(dev, dr->data, match_data))) {
			if (take)
				list_del(&dr->node);
			found = dr;
			break;
		}
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	return found;
}

void *devres_find(struct device *dev, dr_release_t release, dr_match_t match,
		  void *match_data)
{
	struct devres *dr = find(dev, release, match, match_data, false);

	return dr ? dr->data : NULL;
}
EXPORT_SYMBOL(devres_find);

int devres_destroy(struct device *dev, dr_release_t release,
		   dr_match_t match, void *match_data)
{
	struct devres *dr = find(dev, release, match, match_data, true);

	if (!dr)
		return -ENOENT;
	kfree(dr);
	return 0;
}
EXPORT_SYMBOL(devres_destroy);

int devres_release(struct device *dev, dr_release_t release, dr_match_t match,
		   void *match_data)
{
	struct devres *dr = find(dev, release, match, match_data, true);

	if (!dr)
		return -ENOENT;
	dr->release(dev, dr->data);
	kfree(dr);
	return 0;
}
EXPORT_SYMBOL(devres_release);

static struct devres *take_last(struct device *dev)
{
	struct devres *dr = NULL;
	unsigned long flags;

	spin_lock_irqsave(&dev->devres_lock, flags);
	if (!list_empty(&dev->devres)) {
		dr = list_last_entry(&dev->devres, struct devres, node);
		list_del(&dr->node);
	}
	spin_unlock_irqrestore(&dev->devres_lock, flags);
	return dr;
}

int devres_release_all(struct device *dev)
{
	struct devres *dr;
	int n = 0;

	while ((dr = take_last(dev))) {
		dr->release(dev, dr->data);
		kfree(dr);
		n++;
	}
	return n;
}
EXPORT_SYMBOL(devres_release_all);

struct action {
	void (*fn)(void *);
	void *data;
};

static void action_release(struct device *dev, void *res)
{
	struct action *a = res;

	a->fn(a->data);
}

int devm_add_action(struct device *dev, void (*fn)(void *), void *data)
{
	struct action *a = devres_alloc(action_release, sizeof(*a),
					GFP_KERNEL);

	if (!a)
		return -ENOMEM;
	a->fn = fn;
	a->data = data;
	devres_add(dev, a);
	return 0;
}
EXPORT_SYMBOL(devm_add_action);

int devm_add_action_or_reset(struct device *dev, void (*fn)(void *),
			     void *data)
{
	int ret = devm_add_action(dev, fn, data);

	if (ret)
		fn(data);
	return ret;
}
EXPORT_SYMBOL(devm_add_action_or_reset);

static void mem_release(struct device *dev, void *res)
{
}

static int same_ptr(struct device *dev, void *res, void *data)
{
	return res == data;
}

void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp)
{
	void *p = devres_alloc(mem_release, size, gfp);

	if (p)
		devres_add(dev, p);
	return p;
}
EXPORT_SYMBOL(devm_kmalloc);

void devm_kfree(struct device *dev, const void *p)
{
	if (p)
		WARN_ON(devres_destroy(dev, mem_release, same_ptr,
				       (void *)p));
}
EXPORT_SYMBOL(devm_kfree);

char *devm_kstrdup(struct device *dev, const char *s, gfp_t gfp)
{
	size_t n = strlen(s) + 1;
	char *p = devm_kmalloc(dev, n, gfp);

	return p ? memcpy(p, s, n) : NULL;
}
EXPORT_SYMBOL(devm_kstrdup);

char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *fmt, ...)
{
	va_list ap, aq;
	size_t n;
	char *p;

	va_start(ap, fmt);
	va_copy(aq, ap);
	n = (size_t)vsnprintf(NULL, 0, fmt, aq) + 1;
	va_end(aq);
	p = devm_kmalloc(dev, n, gfp);
	if (p)
		vsnprintf(p, n, fmt, ap);
	va_end(ap);
	return p;
}
EXPORT_SYMBOL(devm_kasprintf);

static void do_iounmap(void *addr)
{
	iounmap(addr);
}

void __iomem *devm_ioremap(struct device *dev, phys_addr_t phys, size_t size)
{
	void __iomem *addr = ioremap(phys, size);

	if (!addr || devm_add_action_or_reset(dev, do_iounmap, addr))
		return NULL;
	return addr;
}
EXPORT_SYMBOL(devm_ioremap);

struct region {
	struct list_head node;
	resource_size_t start, end;
	const char *name;
};

static LIST_HEAD(regions);
static DEFINE_MUTEX(regions_lock);

int request_mem_region(resource_size_t start, resource_size_t size,
		       const char *name)
{
	resource_size_t end = start + size - 1;
	struct region *r, *n = kmalloc(sizeof(*n), GFP_KERNEL);
	int ret = n ? 0 : -ENOMEM;

	mutex_lock(&regions_lock);
	list_for_each_entry(r, &regions, node)
		if (start <= r->end && end >= r->start)
			ret = -EBUSY;
	if (!ret) {
		n->start = start;
		n->end = end;
		n->name = name;
		list_add_tail(&n->node, &regions);
		n = NULL;
	}
	mutex_unlock(&regions_lock);
	kfree(n);
	return ret;
}
EXPORT_SYMBOL(request_mem_region);

void release_mem_region(resource_size_t start, resource_size_t size)
{
	struct region *r, *found = NULL;

	mutex_lock(&regions_lock);
	list_for_each_entry(r, &regions, node)
		if (r->start == start && r->end == start + size - 1) {
			list_del(&r->node);
			found = r;
			break;
		}
	mutex_unlock(&regions_lock);
	WARN(!found, "release of [%#llx, +%#llx), which nobody has\n", start,
	     size);
	kfree(found);
}
EXPORT_SYMBOL(release_mem_region);

static void region_release(struct device *dev, void *res)
{
	struct resource *r = res;

	release_mem_region(r->start, resource_size(r));
}

void __iomem *devm_ioremap_resource(struct device *dev,
				    const struct resource *res)
{
	struct resource *claim;
	void __iomem *addr;
	int ret;

	if (!res || resource_type(res) != IORESOURCE_MEM) {
		dev_err(dev, "invalid resource\n");
		return ERR_PTR(-EINVAL);
	}
	claim = devres_alloc(region_release, sizeof(*claim), GFP_KERNEL);
	if (!claim)
		return ERR_PTR(-ENOMEM);
	*claim = *res;
	ret = request_mem_region(res->start, resource_size(res),
				 dev_name(dev));
	if (ret) {
		dev_err(dev, "cannot claim %pR\n", res);
		devres_free(claim);
		return ERR_PTR(ret);
	}
	devres_add(dev, claim);
	addr = devm_ioremap(dev, res->start, resource_size(res));
	return addr ? addr : ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL(devm_ioremap_resource);

void __iomem *devm_platform_get_and_ioremap_resource(
	struct platform_device *pdev, unsigned int index,
	struct resource **res)
{
	struct resource *r = platform_get_resource(pdev, IORESOURCE_MEM,
						   index);

	if (res)
		*res = r;
	return devm_ioremap_resource(&pdev->dev, r);
}
EXPORT_SYMBOL(devm_platform_get_and_ioremap_resource);

void __iomem *devm_platform_ioremap_resource(struct platform_device *pdev,
					     unsigned int index)
{
	return devm_platform_get_and_ioremap_resource(pdev, index, NULL);
}
EXPORT_SYMBOL(devm_platform_ioremap_resource);
