/* SPDX-License-Identifier: MIT */
/*
 * PCI and PCI Express: devices, their drivers, and the bridges above them.
 *
 * A host's devices are found when its driver calls pci_host_probe(), and stay
 * until pci_host_remove(): in between nothing here changes but bindings, so
 * that who holds a device may look at all of its host.
 */
#ifndef PCI_H
#define PCI_H

#include <device.h>
#include <kernel.h>
#include <module.h>
#include <pci-regs.h>

struct of_phandle_args;

#define PCI_DEVFN(slot, fn)	((u8)(((slot) & 0x1f) << 3 | ((fn) & 7)))
#define PCI_SLOT(devfn)		((devfn) >> 3 & 0x1f)
#define PCI_FUNC(devfn)		((devfn) & 7)
/* What a device calls itself when it accesses memory: its requester ID. */
#define PCI_RID(bus, devfn)	((u16)((bus) << 8 | (devfn)))

struct pci_bus;
struct pci_dev;
struct pci_host;

/**
 * struct pci_ops - how a host reaches configuration space
 * @read, @write: @size is 1, 2 or 4, and @where a multiple of it below 4096;
 *	what nobody answers is read as ones. Any thread; serialised by nobody
 */
struct pci_ops {
	u32 (*read)(struct pci_host *host, u8 bus, u8 devfn, unsigned int where,
		    unsigned int size);
	void (*write)(struct pci_host *host, u8 bus, u8 devfn,
		      unsigned int where, unsigned int size, u32 value);
};

/* Memory that a host forwards to its bus: an entry of "ranges". */
struct pci_window {
	u64 pci;		/* first address on the bus */
	phys_addr_t cpu;	/* and for the CPU */
	u64 size;
	u64 next;		/* first address on the bus that is free */
	bool prefetch;
};

#define PCI_MAX_WINDOWS	8

/**
 * struct pci_host - a host bridge, and all that is below it
 * @dev: its device; @np is its node
 * @ops, @priv: its driver's
 * @domain: number of its own among the hosts
 * @ats_supported: "ats-supported": what is above translates for devices
 * @first_bus, @last_bus: numbers that it may give
 * @buses, @devices: each, a bus or a bridge before what is below it
 */
struct pci_host {
	struct list_head node;
	struct device *dev;
	struct device_node *np;
	const struct pci_ops *ops;
	void *priv;
	u32 domain;
	u8 first_bus, last_bus;
	u8 highest_bus;		/* that it has given */
	bool dma_coherent;
	bool ats_supported;
	struct pci_window windows[PCI_MAX_WINDOWS];
	unsigned int num_windows;
	struct list_head buses;
	struct list_head devices;
	unsigned int num_devices;
};

/* What a bridge forwards to the bus below; @size 0: nothing. */
struct pci_span {
	u64 at;
	u64 size;
	u64 align;
};

/* Below 4 GiB, or prefetchable and anywhere. */
enum { PCI_SPAN_MEM, PCI_SPAN_PREF, PCI_NUM_SPANS };

/**
 * struct pci_bus - one bus
 * @parent, @self: the bus and the bridge above; NULL of the host's own
 * @devices: the functions on it, by number
 * @number, @last: its number, and the highest of a bus below it
 * @depth: bridges above it
 * @spans: what of the host's windows it has
 * @pref64: each bridge above has a prefetchable window of 64 bits
 * @lost: nothing below can have addresses: a bridge above takes none
 */
struct pci_bus {
	struct list_head node;
	struct pci_host *host;
	struct pci_bus *parent;
	struct pci_dev *self;
	struct list_head devices;
	u8 number, last;
	unsigned int depth;
	struct pci_span spans[PCI_NUM_SPANS];
	bool pref64;
	bool lost;
};

/**
 * struct pci_bar - memory that a device answers at
 * @cpu, @pci: where it is for the CPU and on the bus; @size says whether it is
 *	there at all, @assigned whether it has a place
 * @flags: as read, PCI_BAR_*
 */
struct pci_bar {
	phys_addr_t cpu;
	u64 pci;
	u64 size;
	u32 flags;
	bool assigned;
	bool left_out;		/* private: there is no room for it */
};

/**
 * struct pci_dev - one function of a device
 * @subordinate: the bus below a bridge, or NULL
 * @class: base class, sub-class and interface, 8 bits each
 * @multifunction: others may be in its slot
 * @is_bridge: it has a header of type 1
 * @pcie_cap, @msi_cap, @msix_cap, @acs_cap, @ats_cap, @pri_cap, @pasid_cap:
 *	offsets, 0: it has none
 * @ats_enabled, @pri_enabled, @pasid_enabled: see pci-ats.h
 * @pcie_type: PCI_EXP_TYPE_*, if it has @pcie_cap
 * @pin: 1 to 4 for INTA to INTD, 0: none
 */
struct pci_dev {
	struct device dev;
	struct list_head node;
	struct list_head bus_node;
	struct pci_host *host;
	struct pci_bus *bus;
	struct pci_bus *subordinate;
	u8 devfn;
	u16 vendor, device;
	u16 subsystem_vendor, subsystem_device;
	u32 class;
	u8 revision;
	u8 pin;
	bool multifunction;
	bool is_bridge;
	u8 pcie_cap, pcie_type;
	u8 msi_cap, msix_cap;
	u16 acs_cap;
	u16 ats_cap, pri_cap, pasid_cap;
	bool ats_enabled, pri_enabled, pasid_enabled;
	struct pci_bar bars[PCI_NUM_BARS];
	struct pci_irqs *irqs;		/* private, see irq.c */
};

#define PCI_ANY_ID	0xffffffffu

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	int (*probe)(struct pci_dev *pdev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *pdev);
	struct device_driver driver;
};

/* Entries of an id_table: all functions of a vendor's device. */
#define PCI_DEVICE(v, d)						\
	.vendor = (v), .device = (d),					\
	.subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID

#define to_pci_dev(d)		container_of(d, struct pci_dev, dev)
#define to_pci_driver(d)	container_of(d, struct pci_driver, driver)

extern struct bus_type pci_bus_type;

static inline bool dev_is_pci(const struct device *dev)
{
#ifdef CONFIG_PCI
	return dev->bus == &pci_bus_type;
#else
	return false;
#endif
}

static inline const char *pci_name(const struct pci_dev *pdev)
{
	return dev_name(&pdev->dev);
}

static inline void *pci_get_drvdata(const struct pci_dev *pdev)
{
	return dev_get_drvdata(&pdev->dev);
}

static inline void pci_set_drvdata(struct pci_dev *pdev, void *data)
{
	dev_set_drvdata(&pdev->dev, data);
}

static inline bool pci_is_root_bus(const struct pci_bus *bus)
{
	return !bus->parent;
}

static inline bool pci_is_pcie(const struct pci_dev *pdev)
{
	return pdev->pcie_cap;
}

/* For drivers of devices */
int __pci_register_driver(struct pci_driver *drv, struct module *owner);
void pci_unregister_driver(struct pci_driver *drv);
#define pci_register_driver(d) __pci_register_driver(d, THIS_MODULE)

#define module_pci_driver(drv)					\
static int __init drv##_init(void)				\
{								\
	return pci_register_driver(&(drv));			\
}								\
module_init(drv##_init);					\
static void __exit drv##_exit(void)				\
{								\
	pci_unregister_driver(&(drv));				\
}								\
module_exit(drv##_exit)

u8 pci_read_config_byte(const struct pci_dev *pdev, unsigned int where);
u16 pci_read_config_word(const struct pci_dev *pdev, unsigned int where);
u32 pci_read_config_dword(const struct pci_dev *pdev, unsigned int where);
void pci_write_config_byte(struct pci_dev *pdev, unsigned int where, u8 v);
void pci_write_config_word(struct pci_dev *pdev, unsigned int where, u16 v);
void pci_write_config_dword(struct pci_dev *pdev, unsigned int where, u32 v);

u8 pci_find_capability(const struct pci_dev *pdev, u8 id);
u16 pci_find_ext_capability(const struct pci_dev *pdev, u16 id);

int pci_enable_device(struct pci_dev *pdev);
void pci_set_master(struct pci_dev *pdev);
void pci_clear_master(struct pci_dev *pdev);
void __iomem *pcim_iomap(struct pci_dev *pdev, unsigned int bar, size_t size);

#define PCI_IRQ_INTX		0x1u
#define PCI_IRQ_MSI		0x2u
#define PCI_IRQ_ALL_TYPES	0x3u

int pci_alloc_irq_vectors(struct pci_dev *pdev, unsigned int min,
			  unsigned int max, unsigned int kinds);
void pci_free_irq_vectors(struct pci_dev *pdev);
int pci_irq_vector(const struct pci_dev *pdev, unsigned int n);
bool pci_irq_is_message(const struct pci_dev *pdev);

/* For IOMMU drivers, and who asks what is kept apart */
#define PCI_ACS_ISOLATION \
	(PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)

#ifdef CONFIG_PCI
void pci_request_acs(void);
#else
static inline void pci_request_acs(void)
{
}
#endif
bool pci_acs_enabled(const struct pci_dev *pdev, u16 flags);
bool pci_acs_path_enabled(const struct pci_dev *pdev,
			  const struct pci_dev *end, u16 flags);
int pci_for_each_dma_alias(struct pci_dev *pdev,
			   int (*fn)(struct pci_dev *pdev, u16 alias,
				     void *data),
			   void *data);
const struct pci_dev *pci_isolation_root(const struct pci_dev *pdev);

/* For drivers of hosts */
int pci_host_of_init(struct pci_host *host, struct device *dev);
int pci_host_probe(struct pci_host *host);
void pci_host_remove(struct pci_host *host);

/* Each device of each host until @fn returns non-zero, which is returned. */
int pci_for_each_dev(int (*fn)(struct pci_dev *pdev, void *data), void *data);

#endif
