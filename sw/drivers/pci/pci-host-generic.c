// SPDX-License-Identifier: MIT
/*
 * Hosts that need no driver to be set up: configuration space lies in memory,
 * 1 MiB a bus, 4 KiB a function (Base 7.2.2, ECAM).
 */
#include <io.h>
#include <module.h>
#include <of.h>
#include <pci.h>
#include <platform_device.h>
#include <sizes.h>

struct ecam {
	struct pci_host host;
	u8 __iomem *regs;
};

static u8 __iomem *place(struct pci_host *host, u8 bus, u8 devfn,
			 unsigned int where)
{
	const struct ecam *ecam = host->priv;

	/* The window begins with the first bus. */
	return ecam->regs + ((unsigned long)(bus - host->first_bus) << 20) +
	       (devfn << 12) + where;
}

static u32 ecam_read(struct pci_host *host, u8 bus, u8 devfn,
		     unsigned int where, unsigned int size)
{
	u8 __iomem *at = place(host, bus, devfn, where);

	switch (size) {
	case 1:
		return readb(at);
	case 2:
		return readw(at);
	default:
		return readl(at);
	}
}

static void ecam_write(struct pci_host *host, u8 bus, u8 devfn,
		       unsigned int where, unsigned int size, u32 value)
{
	u8 __iomem *at = place(host, bus, devfn, where);

	switch (size) {
	case 1:
		writeb((u8)value, at);
		break;
	case 2:
		writew((u16)value, at);
		break;
	default:
		writel(value, at);
	}
}

static const struct pci_ops ecam_ops = {
	.read = ecam_read,
	.write = ecam_write,
};

static int ecam_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct resource *res;
	struct ecam *ecam;
	u64 buses;
	int ret;

	ecam = devm_kzalloc(dev, sizeof(*ecam), GFP_KERNEL);
	if (!ecam)
		return -ENOMEM;
	ecam->host.ops = &ecam_ops;
	ecam->host.priv = ecam;
	ret = pci_host_of_init(&ecam->host, dev);
	if (ret)
		return ret;
	ecam->regs = devm_platform_get_and_ioremap_resource(pdev, 0, &res);
	if (IS_ERR(ecam->regs))
		return (int)PTR_ERR(ecam->regs);
	buses = resource_size(res) / SZ_1M;
	if (!buses) {
		dev_err(dev, "%#llx bytes of configuration space are less than a bus has\n",
			resource_size(res));
		return -EINVAL;
	}
	if (buses <= ecam->host.last_bus - ecam->host.first_bus)
		ecam->host.last_bus = (u8)(ecam->host.first_bus + buses - 1);
	platform_set_drvdata(pdev, ecam);
	return pci_host_probe(&ecam->host);
}

static void ecam_remove(struct platform_device *pdev)
{
	struct ecam *ecam = platform_get_drvdata(pdev);

	pci_host_remove(&ecam->host);
}

static const struct of_device_id ecam_of_match[] = {
	{ .compatible = "pci-host-ecam-generic" },
	{ }
};
MODULE_DEVICE_TABLE(of, ecam_of_match);

static struct platform_driver ecam_driver = {
	.probe = ecam_probe,
	.remove = ecam_remove,
	.driver = {
		.name = "pci-host-generic",
		.of_match_table = ecam_of_match,
	},
};
module_platform_driver(ecam_driver);

MODULE_DESCRIPTION("Generic PCI host with configuration space in memory");
MODULE_LICENSE("Dual MIT/GPL");
