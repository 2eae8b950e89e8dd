// SPDX-License-Identifier: MIT
//
// Mali's LPAE-like format, as Linux's io-pgtable-arm (ARM_MALI_LPAE) builds it: 4 KiB granules, always four
// levels, a leaf is type 0b01 at every level (level 3 included), a table is 0b11, bit 6 grants read and bit 7
// write as in a stage 2 descriptor, AttrIndx stands in bits [4:2] as in a stage 1 descriptor, no access flag
// is set or looked at. There is no public Arm document. unverified: a level 0 block faults; XN is bit 54
// alone and execution needs no read right; bits [47:40] of a descriptor or of TRANSTAB are checked; levels of
// faults count from 0; NS, nG, contiguous and hierarchical bits have no effect.
#include "walk.h"

namespace naive {

void Walk::Mali_Translate(const Mali& registers) {
  const uint64_t va = m_request.address;
  const AccessDescriptor accdesc = request_access();
  FaultRecord fault = no_fault();
  auto failed = [&](Status status) {
    fault.statuscode = status;
    m_answer.outcome = fault_answer(fault);
  };
  const bool check = m_config.choices.mali_checks_output_size;

  if (!is_zero(va, 63, 48)) return failed(Status::translation);
  if (check && !is_zero(registers.TRANSTAB, 47, 40)) {
    fault.by_configuration = true;
    return failed(Status::address_size);
  }
  uint64_t table = keep(registers.TRANSTAB, 39, 12);

  for (int level = 0; level <= FINAL_LEVEL; level++) {
    fault.level = level;
    const unsigned lsb = 12 + 9 * unsigned(FINAL_LEVEL - level);
    const FullAddress where{table | (bits(va, lsb + 8, lsb) << 3), Space::non_secure};
    const Fetched fetched = FetchDescriptor(false, where, 8, fault, 1, level);
    if (fetched.fault.statuscode != Status::none) return failed(fetched.fault.statuscode);
    const uint64_t descriptor = fetched.descriptor;
    const unsigned type = unsigned(bits(descriptor, 1, 0));

    const bool is_leaf = type == 0b01 && level != 0;
    const bool is_table = type == 0b11 && level != FINAL_LEVEL;
    if (!is_leaf && !is_table) return failed(Status::translation);
    if (check && !is_zero(descriptor, 47, 40)) return failed(Status::address_size);
    if (is_table) {
      table = keep(descriptor, 39, 12);
      continue;
    }

    const Rights rights{bit(descriptor, 6), bit(descriptor, 7), !bit(descriptor, 54)};
    if (accdesc.acctype == AccType::ifetch && !rights.execute) return failed(Status::permission);
    if (accdesc.read && !rights.read) {
      fault.write = false;
      return failed(Status::permission);
    }
    if (accdesc.write && !rights.write) {
      fault.write = true;
      return failed(Status::permission);
    }

    const unsigned attrindx = unsigned(bits(descriptor, 4, 2));
    StageResult result;
    result.leaf_level = level;
    result.shift = lsb;
    result.contiguous_shift = lsb;
    result.output = keep(descriptor, 39, lsb) | keep(va, lsb - 1, 0);
    result.descriptor = descriptor;
    result.attributes = static_cast<uint8_t>(bits(registers.MEMATTR, 8 * attrindx + 7, 8 * attrindx));
    result.shareability = DecodeShareability(m_config.choices, unsigned(bits(descriptor, 9, 8)));
    result.permissions = {rights, rights};

    Translation translation;
    translation.address = result.output;
    translation.attributes = result.attributes;
    translation.shareability = result.shareability;
    translation.permissions = result.permissions;
    translation.shift = lsb;
    translation.stage1 = result;
    m_answer.outcome = translation;
    return;
  }
}

}  // namespace naive
