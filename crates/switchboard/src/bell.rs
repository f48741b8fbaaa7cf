//! How the switchboard reaches devices.

use model::DeviceId;
use wire::agent::ServerEvent;

/// Tells devices what happened. Implemented by the face that holds their sockets.
pub trait Bell: Send + Sync {
    /// Hands an event to one device. Never blocks and never calls the switchboard back; a device
    /// that is gone is ignored.
    fn tell(&self, device: DeviceId, event: ServerEvent);

    /// A device's media is lost: find out soon whether its page is still there. If it is not, its
    /// socket counts as lost. Never blocks.
    fn doubt(&self, device: DeviceId);

    /// Hands the same event to many devices. A bell that can writes it down only once.
    fn tell_all(&self, devices: &[DeviceId], event: ServerEvent) {
        for device in devices {
            self.tell(*device, event.clone());
        }
    }
}
