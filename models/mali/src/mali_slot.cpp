#include "smmuvp/mali/mali_slot.h"

#include <algorithm>
#include <vector>

#include "smmuvp/pgtable/walk_visit.h"

namespace smmuvp {

void MaliSlot::visit(Archive& archive) {
  archive.begin("slot");
  archive.value("phase", phase);
  archive.value("state", state);
  archive.value("blocked", blocked);
  archive.value("soft_stop", soft_stop);
  archive.value("issued", issued);
  archive.value("as", as);
  archive.value("job", job);
  archive.value("words", words);
  archive.value("code", code);
  archive.value("copied", copied);
  std::vector<std::uint8_t> data(piece.begin(), piece.end());
  archive.bytes("piece", data);
  archive.value("write", write);
  archive.value("va", va);
  archive.value("pa", pa);
  archive.value("length", length);
  bool walks = walk.has_value();
  archive.value("walks", walks);
  if (archive.loading()) {
    if (data.size() == piece.size()) {
      std::copy(data.begin(), data.end(), piece.begin());
    } else {
      archive.fail("piece", "wrong size");
    }
    walk.reset();
    if (walks) walk.emplace(pgtable::WalkSetup(), pgtable::WalkRequest());
  }
  if (walk) walk->visit(archive);
  archive.value("walk_generation", walk_generation);
  archive.value("fault_status", fault_status);
  archive.value("fault_is_bus_error", fault_is_bus_error);
  archive.value("fault_told", fault_told);
  archive.value("epoch", epoch);
  archive.end();
}

bool MaliSlot::is_possible(std::uint32_t address_spaces) const {
  if (phase > Phase::WriteBack || state > State::Lock || as >= address_spaces) return false;
  if (!busy()) return !issued && !walk;
  if (length == 0 || length > piece_bytes || (va & 0xfff) + length > 0x1000) return false;
  if (issued && state != State::Walk && state != State::Data) return false;
  if (walk.has_value() != (state == State::Walk)) return false;
  switch (phase) {
    case Phase::Fetch:
      return !write && length == 64;
    case Phase::CopyRead:
      return !write && copied < word64(12);
    case Phase::CopyWrite:
      return write && copied < word64(12) && length <= word64(12) - copied;
    default:
      return write;
  }
}

}  // namespace smmuvp
