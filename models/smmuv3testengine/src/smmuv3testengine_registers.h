// The registers of a test engine's frames, as one table.
#pragma once
#include <cstdint>
#include <vector>

#include "smmuvp/base/registers.h"

namespace smmuvp {

constexpr const char* test_engine_sheet = "docs/smmuv3testengine.md";

/// Fields of a frame; those of the privileged page from PCTRL on. Each is an array over the frames of a pair.
enum TestEngineField : unsigned {
  CMD,
  UCTRL,
  COUNT_OF_TRANSACTIONS_LAUNCHED,
  COUNT_OF_TRANSACTIONS_RETURNED,
  MSIADDRESS,
  MSIDATA,
  MSIATTR,
  ATTRIBUTES,
  SEED,
  BEGIN,
  END_INCL,
  STRIDE,
  UDATA0,
  UDATA1,
  UDATA2,
  UDATA3,
  UDATA4,
  UDATA5,
  UDATA6,
  UCTRL1,
  UCTRL2,
  PCTRL,
  DOWNSTREAM_PORT_INDEX,
  STREAMID,
  SUBSTREAMID,
  PCTRL1,
  PDATA0,
  TEST_ENGINE_FIELDS = PDATA0 + 13,
};

/// The register file's id of a field in a pair.
constexpr std::uint16_t test_engine_id(unsigned field, std::uint32_t pair) {
  return static_cast<std::uint16_t>(pair * TEST_ENGINE_FIELDS + field);
}

std::vector<RegisterInfo> test_engine_registers(std::uint32_t pairs);

}  // namespace smmuvp
