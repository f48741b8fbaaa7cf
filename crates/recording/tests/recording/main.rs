//! Two tapped tracks become one file that foreign decoders play, whatever happens on the way.

mod channels;
mod crash;
mod damage;
mod faults;
mod frame_sizes;
mod listening;
mod pause;
mod studio;
mod timing;
mod wav;
