#include "smmuv3testengine_registers.h"

#include "smmuvp/smmuv3testengine/smmuv3testengine_core.h"

namespace smmuvp {

namespace {

struct Field {
  unsigned id;
  const char* name;
  std::uint32_t offset;
  std::uint8_t bytes;
  Access access = Access::RW;
};

constexpr Field fields[] = {
    {CMD, "cmd_n", 0x00, 4},
    {UCTRL, "uctrl_n", 0x04, 4},
    {COUNT_OF_TRANSACTIONS_LAUNCHED, "count_of_transactions_launched_n", 0x08, 4, Access::RO},
    {COUNT_OF_TRANSACTIONS_RETURNED, "count_of_transactions_returned_n", 0x0c, 4, Access::RO},
    {MSIADDRESS, "msiaddress_n", 0x10, 8},
    {MSIDATA, "msidata_n", 0x18, 4},
    {MSIATTR, "msiattr_n", 0x1c, 4},
    {ATTRIBUTES, "attributes_n", 0x20, 4},
    {SEED, "seed_n", 0x24, 4},
    {BEGIN, "begin_n", 0x28, 8},
    {END_INCL, "end_incl_n", 0x30, 8},
    {STRIDE, "stride_n", 0x38, 8},
    {UDATA0, "udata0_n", 0x40, 8},
    {UDATA1, "udata1_n", 0x48, 8},
    {UDATA2, "udata2_n", 0x50, 8},
    {UDATA3, "udata3_n", 0x58, 8},
    {UDATA4, "udata4_n", 0x60, 8},
    {UDATA5, "udata5_n", 0x68, 8},
    {UDATA6, "udata6_n", 0x70, 8},
    {UCTRL1, "uctrl1_n", 0x78, 4},
    {UCTRL2, "uctrl2_n", 0x7c, 4},
    {PCTRL, "pctrl_n", 0x00, 4},
    {DOWNSTREAM_PORT_INDEX, "downstream_port_index_n", 0x04, 4},
    {STREAMID, "streamid_n", 0x08, 4},
    {SUBSTREAMID, "substreamid_n", 0x0c, 4},
    {PCTRL1, "pctrl1_n", 0x10, 8},
    {PDATA0 + 0, "pdata0_n", 0x18, 8},
    {PDATA0 + 1, "pdata1_n", 0x20, 8},
    {PDATA0 + 2, "pdata2_n", 0x28, 8},
    {PDATA0 + 3, "pdata3_n", 0x30, 8},
    {PDATA0 + 4, "pdata4_n", 0x38, 8},
    {PDATA0 + 5, "pdata5_n", 0x40, 8},
    {PDATA0 + 6, "pdata6_n", 0x48, 8},
    {PDATA0 + 7, "pdata7_n", 0x50, 8},
    {PDATA0 + 8, "pdata8_n", 0x58, 8},
    {PDATA0 + 9, "pdata9_n", 0x60, 8},
    {PDATA0 + 10, "pdata10_n", 0x68, 8},
    {PDATA0 + 11, "pdata11_n", 0x70, 8},
    {PDATA0 + 12, "pdata12_n", 0x78, 8},
};
static_assert(sizeof(fields) / sizeof(fields[0]) == TEST_ENGINE_FIELDS);

}  // namespace

std::vector<RegisterInfo> test_engine_registers(std::uint32_t pairs) {
  using Core = Smmuv3TestEngineCore;
  std::vector<RegisterInfo> table;
  for (std::uint32_t pair = 0; pair < pairs; ++pair) {
    for (const Field& field : fields) {
      RegisterInfo info{};
      info.id = test_engine_id(field.id, pair);
      info.name = field.name;
      info.offset = pair * Core::pair_bytes + (field.id >= PCTRL ? Core::page_bytes : 0) + field.offset;
      info.bytes = field.bytes;
      info.access = field.access;
      info.reset = field.id == CMD ? Core::HALTED : 0U;
      info.write_mask = field.bytes == 8 ? ~0ULL : 0xffff'ffffU;
      info.clause = test_engine_sheet;
      info.count = Core::frames_per_pair;
      info.stride = Core::frame_bytes;
      table.push_back(info);
    }
  }
  return table;
}

}  // namespace smmuvp
