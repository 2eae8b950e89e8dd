#include "smmuvp/smmu/cache_tag.h"

namespace smmuvp::smmu {

bool EntryKey::matches(const Invalidation& what) const {
  const Tag t = tag();
  if ((what.stages & mask_of(t.stages)) == 0) return false;
  if (what.regime && *what.regime != t.regime) return false;
  if (what.vmid && ((*what.vmid ^ t.vmid) >> what.vmid_bits_ignored) != 0) return false;
  if (!what.asid) return true;
  return global() ? !what.asid_spares_global : *what.asid == t.asid;
}

void Tag::visit(Archive& archive) {
  archive.value("regime", regime);
  archive.value("stages", stages);
  archive.value("asid_set", asid_set);
  archive.value("vmid", vmid);
  archive.value("asid", asid);
  if (stages > pgtable::Stages::nested) {
    archive.fail("stages", "no such kind of entry");
    stages = pgtable::Stages::stage1;
  }
  if (asid_set > 1) {
    archive.fail("asid_set", "there are two sets");
    asid_set = 0;
  }
}

void EntryKey::visit(Archive& archive) {
  CacheKey k = key();
  k.tag.visit(archive);
  archive.value("global", k.global);
  archive.value("shift", k.shift);
  archive.value("level", k.level);
  archive.value("granule", k.granule);
  archive.value("input", k.input);
  archive.value("span", k.span);
  if (!archive.loading() || !archive.ok()) return;
  if (k.shift >= 64) {
    archive.fail("shift", "no entry is as large as that");
  } else if (k.span < k.shift || k.span >= 64) {
    archive.fail("span", "no page or block of which this is a part");
  } else if (k.input != k.input >> k.shift << k.shift) {
    archive.fail("input", "not aligned to the size of its entry");
  } else if (k.global && k.tag.asid != 0) {
    archive.fail("asid", "global entries have none");
  } else if (k.granule >= 64) {
    archive.fail("granule", "no granule is as large as that");
  } else {
    *this = EntryKey(k);
  }
}

}  // namespace smmuvp::smmu
